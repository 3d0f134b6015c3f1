-- Triggers by which SQLite keeps the marks of cases.

CREATE TRIGGER mark_added_place AFTER INSERT ON case_item
BEGIN
    INSERT OR IGNORE INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, 'host:' || item.host, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = NEW.id AND item.host <> ''
    UNION
    SELECT case_file.id, 'host:' || item.registrable_domain, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = NEW.id AND item.registrable_domain <> ''
    UNION
    SELECT case_file.id, 'network:' || item.asn, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = NEW.id AND item.asn <> ''
    UNION
    SELECT case_file.id, 'country:' || coalesce(item.hosting_country, '??'),
        case_file.state, case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_item.id = NEW.id
    UNION
    SELECT case_file.id, 'sender:' || report.source, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN sighting ON sighting.item_id = case_item.item_id
    JOIN report_part ON report_part.id = sighting.part_id
    JOIN report ON report.id = report_part.report_id
    WHERE case_item.id = NEW.id AND report.source <> '';
END
-- next
CREATE TRIGGER mark_moved_place AFTER UPDATE OF case_id ON case_item
BEGIN
    DELETE FROM case_mark WHERE case_id IN (OLD.case_id, NEW.case_id);
    INSERT OR IGNORE INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, 'host:' || item.host, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (OLD.case_id, NEW.case_id) AND item.host <> ''
    UNION
    SELECT case_file.id, 'host:' || item.registrable_domain, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (OLD.case_id, NEW.case_id) AND item.registrable_domain <> ''
    UNION
    SELECT case_file.id, 'network:' || item.asn, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (OLD.case_id, NEW.case_id) AND item.asn <> ''
    UNION
    SELECT case_file.id, 'country:' || coalesce(item.hosting_country, '??'),
        case_file.state, case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (OLD.case_id, NEW.case_id)
    UNION
    SELECT case_file.id, 'sender:' || report.source, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN sighting ON sighting.item_id = case_item.item_id
    JOIN report_part ON report_part.id = sighting.part_id
    JOIN report ON report.id = report_part.report_id
    WHERE case_file.id IN (OLD.case_id, NEW.case_id) AND report.source <> '';
END
-- next
CREATE TRIGGER mark_changed_item AFTER UPDATE ON item
WHEN (
    coalesce(OLD.host, '') <> coalesce(NEW.host, '')
    OR coalesce(OLD.registrable_domain, '')
        <> coalesce(NEW.registrable_domain, '')
    OR coalesce(OLD.asn, '') <> coalesce(NEW.asn, '')
    OR coalesce(OLD.hosting_country, '') <> coalesce(NEW.hosting_country, '')
)
BEGIN
    DELETE FROM case_mark WHERE case_id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    );
    INSERT OR IGNORE INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, 'host:' || item.host, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    ) AND item.host <> ''
    UNION
    SELECT case_file.id, 'host:' || item.registrable_domain, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    ) AND item.registrable_domain <> ''
    UNION
    SELECT case_file.id, 'network:' || item.asn, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    ) AND item.asn <> ''
    UNION
    SELECT case_file.id, 'country:' || coalesce(item.hosting_country, '??'),
        case_file.state, case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN item ON item.id = case_item.item_id
    WHERE case_file.id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    )
    UNION
    SELECT case_file.id, 'sender:' || report.source, case_file.state,
        case_file.priority
    FROM case_file
    JOIN case_item ON case_item.case_id = case_file.id
    JOIN sighting ON sighting.item_id = case_item.item_id
    JOIN report_part ON report_part.id = sighting.part_id
    JOIN report ON report.id = report_part.report_id
    WHERE case_file.id IN (
        SELECT case_id FROM case_item WHERE item_id = NEW.id
    ) AND report.source <> '';
END
-- next
CREATE TRIGGER mark_new_sighting AFTER INSERT ON sighting
BEGIN
    INSERT OR IGNORE INTO case_mark (case_id, mark, state, priority)
    SELECT case_file.id, 'sender:' || report.source, case_file.state,
        case_file.priority
    FROM report_part
    JOIN report ON report.id = report_part.report_id
    JOIN case_item ON case_item.item_id = NEW.item_id
    JOIN case_file ON case_file.id = case_item.case_id
    WHERE report_part.id = NEW.part_id AND report.source <> '';
END
-- next
CREATE TRIGGER follow_marked_case AFTER UPDATE ON case_file
WHEN OLD.state <> NEW.state OR OLD.priority <> NEW.priority
BEGIN
    UPDATE case_mark SET state = NEW.state, priority = NEW.priority
    WHERE case_id = NEW.id;
END
