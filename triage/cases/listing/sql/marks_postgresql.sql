-- Triggers by which PostgreSQL keeps the marks of cases.
-- They wait for the end of the transaction, which has its locks in the one
-- order by then (triage.cases.locking): items, then their case.

CREATE OR REPLACE FUNCTION marks_of_place(place uuid) RETURNS SETOF text
LANGUAGE sql STABLE AS $$
    SELECT 'host:' || item.host
    FROM case_item JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = place AND item.host <> ''
    UNION
    SELECT 'host:' || item.registrable_domain
    FROM case_item JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = place AND item.registrable_domain <> ''
    UNION
    SELECT 'network:' || item.asn
    FROM case_item JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = place AND item.asn <> ''
    UNION
    SELECT 'country:' || coalesce(item.hosting_country, '??')
    FROM case_item JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = place
    UNION
    SELECT 'sender:' || report.source
    FROM case_item
    JOIN sighting ON sighting.item_id = case_item.item_id
    JOIN report_part ON report_part.id = sighting.part_id
    JOIN report ON report.id = report_part.report_id
    WHERE case_item.id = place AND report.source <> ''
$$
-- next
CREATE OR REPLACE FUNCTION lock_marked_case(marked uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM case_file WHERE id = marked FOR UPDATE;
END
$$
-- next
CREATE OR REPLACE FUNCTION mark_place(place uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_marked_case(case_id) FROM case_item WHERE id = place;
    INSERT INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, mark, case_file.state, case_file.priority
    FROM case_item
    JOIN case_file ON case_file.id = case_item.case_id
    CROSS JOIN marks_of_place(place) AS mark
    WHERE case_item.id = place
    ON CONFLICT DO NOTHING;
END
$$
-- next
CREATE OR REPLACE FUNCTION mark_case(marked uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_marked_case(marked);
    DELETE FROM case_mark WHERE case_id = marked;
    PERFORM mark_place(id) FROM case_item WHERE case_id = marked;
END
$$
-- next
CREATE OR REPLACE FUNCTION mark_added_place() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_place(NEW.id);
    RETURN NULL;
END
$$
-- next
CREATE CONSTRAINT TRIGGER mark_added_place AFTER INSERT ON case_item
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION mark_added_place()
-- next
CREATE OR REPLACE FUNCTION mark_moved_place() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_case(OLD.case_id);
    PERFORM mark_case(NEW.case_id);
    RETURN NULL;
END
$$
-- next
CREATE CONSTRAINT TRIGGER mark_moved_place AFTER UPDATE ON case_item
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (OLD.case_id <> NEW.case_id)
EXECUTE FUNCTION mark_moved_place()
-- next
CREATE OR REPLACE FUNCTION mark_changed_item() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM mark_case(case_id) FROM case_item WHERE item_id = NEW.id;
    RETURN NULL;
END
$$
-- next
CREATE CONSTRAINT TRIGGER mark_changed_item AFTER UPDATE ON item
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
WHEN (
    coalesce(OLD.host, '') <> coalesce(NEW.host, '')
    OR coalesce(OLD.registrable_domain, '')
        <> coalesce(NEW.registrable_domain, '')
    OR coalesce(OLD.asn, '') <> coalesce(NEW.asn, '')
    OR coalesce(OLD.hosting_country, '') <> coalesce(NEW.hosting_country, '')
)
EXECUTE FUNCTION mark_changed_item()
-- next
CREATE OR REPLACE FUNCTION mark_new_sighting() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM lock_marked_case(case_id) FROM case_item
    WHERE item_id = NEW.item_id;
    INSERT INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, 'sender:' || report.source, case_file.state,
        case_file.priority
    FROM report_part
    JOIN report ON report.id = report_part.report_id
    JOIN case_item ON case_item.item_id = NEW.item_id
    JOIN case_file ON case_file.id = case_item.case_id
    WHERE report_part.id = NEW.part_id AND report.source <> ''
    ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$
-- next
CREATE CONSTRAINT TRIGGER mark_new_sighting AFTER INSERT ON sighting
DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
EXECUTE FUNCTION mark_new_sighting()
-- next
CREATE OR REPLACE FUNCTION follow_marked_case() RETURNS trigger
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE case_mark SET state = NEW.state, priority = NEW.priority
    WHERE case_id = NEW.id;
    RETURN NULL;
END
$$
-- next
CREATE TRIGGER follow_marked_case AFTER UPDATE ON case_file FOR EACH ROW
WHEN (OLD.state <> NEW.state OR OLD.priority <> NEW.priority)
EXECUTE FUNCTION follow_marked_case()
