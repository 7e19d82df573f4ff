-- oldest-binary: 10

-- The audit of one method, and what was refused: both may be few of many entries.
CREATE INDEX operator_audit_method ON operator_audit (method, at, id);
CREATE INDEX operator_audit_refused ON operator_audit (at, id) WHERE code <> 'ok';
