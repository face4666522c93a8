-- Node.js knows other time zones than PostgreSQL (Canada/East-Saskatchewan, or what only the newer of the two has heard of), and
-- a statement that uses such a one fails. Asking for it costs microseconds, where pg_timezone_names reads every zone's file.
create function knows_time_zone(zone text) returns boolean language plpgsql stable as $$
begin
  perform now() at time zone zone;
  return true;
exception when invalid_parameter_value then
  return false;
end $$;
