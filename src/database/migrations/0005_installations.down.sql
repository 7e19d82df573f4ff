DROP TABLE operator_command;
DROP TABLE machine_os_installation_run;
DROP TABLE machine_os_installation_progress;
DROP TABLE machine_os_installed;
DROP FUNCTION installation_pending(bigint, bigint);
DROP TABLE machine_os_installation_report;
DROP FUNCTION installation_report_guard();
DROP TABLE machine_os_installation_request;
DROP FUNCTION installation_request_guard();
