-- A budget that nobody has used for longer than its window is as good as none.
grant delete on platform.outbound_budgets to signalbox_system;
