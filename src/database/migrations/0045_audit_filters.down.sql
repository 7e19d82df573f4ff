DROP INDEX operator_audit_method;
DROP INDEX operator_audit_refused;
