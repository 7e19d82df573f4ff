DROP TABLE came_up_target;
