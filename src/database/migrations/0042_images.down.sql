DROP TABLE machine_installation_profile;
DROP TABLE profile_version;
DROP TABLE profile;
DROP TABLE image_tag;
DROP TABLE image_version;
DROP TABLE catalogue_image;
