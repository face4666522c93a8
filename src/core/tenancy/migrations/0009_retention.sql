-- Sessions and links that are over, oldest first.
create index session_by_end on identity.session (expires_at);
create index verification_by_end on identity.verification (expires_at);
