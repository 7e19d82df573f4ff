DROP TABLE boot_image_file;
