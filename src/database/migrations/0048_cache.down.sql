DROP INDEX installation_request_digest;
ALTER TABLE image_version DROP COLUMN public;
DROP TABLE cache_fetch;
DROP TABLE cache_file;
DROP TABLE cache_store;
