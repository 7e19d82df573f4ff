DROP TABLE machine_medium_test;
