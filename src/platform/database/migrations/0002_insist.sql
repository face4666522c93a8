-- Ends the transaction unless a condition holds: what travels behind it in the same round trip is then not done.
create function platform.insist(holds boolean, otherwise text) returns void
language plpgsql as $$
begin
  if holds is not true then
    raise exception using errcode = 'SB001', message = otherwise;
  end if;
end $$;

-- Two objects of numbers as one, in which each number is the sum of the two.
create function platform.add_numbers(these jsonb, those jsonb) returns jsonb
language sql immutable as $$
  select coalesce(jsonb_object_agg(key, coalesce((these ->> key)::numeric, 0) + coalesce((those ->> key)::numeric, 0)), '{}')
  from jsonb_object_keys(coalesce(these, '{}') || coalesce(those, '{}')) as key
$$;
