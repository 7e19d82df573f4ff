DROP TABLE fleet_hardware;
