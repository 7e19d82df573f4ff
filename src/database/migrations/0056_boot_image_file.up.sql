-- oldest-binary: 25

-- The files of the newest boot image that a process with a store of images has found in its folder. Hosts without a boot
-- image of their own fetch them from stores, by digest.
CREATE TABLE boot_image_file (
    architecture text NOT NULL CHECK (architecture IN ('x86_64', 'arm64')),
    file text NOT NULL CHECK (file IN ('vmlinuz', 'initramfs')),
    digest text NOT NULL CHECK (digest ~ '^sha256:[0-9a-f]{64}$'),
    bytes bigint NOT NULL CHECK (bytes > 0),
    -- When the image was built, by the clock of the host that built it: the newest one counts.
    built_at timestamptz NOT NULL,
    PRIMARY KEY (architecture, file)
);
