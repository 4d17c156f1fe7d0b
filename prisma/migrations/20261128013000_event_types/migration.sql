-- Listeners of a whole organization are told of what kind the new events are too, so that most need no reading.
CREATE OR REPLACE FUNCTION "tell_run_events"() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('gatehouse_events', json_build_object(
      'organizationId', "organizationId", 'runId', "runId", 'sequence', max("sequence"),
      'types', json_agg(DISTINCT "type"))::text)
    FROM added GROUP BY "organizationId", "runId";
  RETURN NULL;
END;
$$;
