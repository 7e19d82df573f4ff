DROP INDEX machine_provided_location;
