/**
 * The database roles. One login assumes them with SET ROLE; none of them can log in.
 *
 *   signalbox_owner     owns every object; only the migrator acts as it
 *   signalbox_serving   does a tenant's work; sees one tenant at a time (row-level security), never owns, never bypasses
 *   signalbox_system    work across tenants (schedulers, operators), on the tables whose migration grants it
 *   signalbox_identity  people and sessions (schema `identity`) and nothing else
 */
export const ROLES = {
  owner: 'signalbox_owner',
  serving: 'signalbox_serving',
  system: 'signalbox_system',
  identity: 'signalbox_identity',
} as const

export type Role = (typeof ROLES)[keyof typeof ROLES]

/**
 * Creates what is missing of the roles and lets the current login assume them. Roles belong to the whole server, so
 * two databases migrated at once may race here: whoever comes second takes the role as it is.
 */
export const CREATE_ROLES = `
do $$
declare name text;
begin
  foreach name in array array[${Object.values(ROLES)
    .map((role) => `'${role}'`)
    .join(', ')}] loop
    begin
      if not exists (select from pg_roles where rolname = name) then
        execute format('create role %I nologin noinherit', name);
      end if;
    exception when duplicate_object or unique_violation then null;
    end;
    if not pg_has_role(current_user, name, 'SET') then
      execute format('grant %I to %I with set true, inherit false', name, current_user);
    end if;
  end loop;
  execute format('grant create, connect on database %I to ${ROLES.owner}', current_database());
  execute format('grant connect on database %I to ${ROLES.serving}, ${ROLES.system}, ${ROLES.identity}', current_database());
  if not has_schema_privilege('${ROLES.owner}', 'public', 'create') then
    grant usage, create on schema public to ${ROLES.owner};
  end if;
end $$`

/** Roles that could undo row-level security: superusers, BYPASSRLS, and the owner of the tables. */
export const SERVING_ROLE_IS_SAFE = `
  select not (rolsuper or rolbypassrls) and not pg_has_role('${ROLES.serving}', '${ROLES.owner}', 'MEMBER') as safe
  from pg_roles where rolname = '${ROLES.serving}'`
