DROP TRIGGER machine_installed_boot ON machine_os_installed;
DROP FUNCTION machine_installed_boot();
DROP FUNCTION machine_boot_override_due(uuid);
DROP TABLE machine_boot_override;
