-- oldest-binary: 25

-- The password that an operation is to set on a controller, sealed: until the operation ends.
ALTER TABLE controller_operation ADD COLUMN sealed_password bytea;
ALTER TABLE controller_operation ADD CONSTRAINT controller_operation_sealed_password_check
    CHECK (sealed_password IS NULL OR sealed_key(sealed_password) IS NOT NULL);
CREATE INDEX controller_operation_key ON controller_operation (sealed_key(sealed_password))
    WHERE sealed_password IS NOT NULL;

INSERT INTO history_event (event) VALUES ('controller_password_changed');
