"""A disk whose power can be cut: an ext4 in a file, shut down at once with everything that was not synced. Needs root."""
import ctypes
import fcntl
import os
import struct
import subprocess
import time

CLONE_NEWNS = 0x00020000
EXT4_IOC_SHUTDOWN = 0x8004587D
EXT4_GOING_FLAGS_NOLOGFLUSH = 2


def take_own_mount_namespace():
    """From here on nobody else sees what this process mounts. Else any mount namespace that is made on this host
    meanwhile copies a CutDisk's mount and keeps its file system in use: the next mount of the disk would then be that same file
    system, shut down, which answers EIO to everything. Throws OSError if it may not be done."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare(CLONE_NEWNS)")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)


class CutDisk:
    """Mounted at `top`. Before the first: take_own_mount_namespace()."""

    def __init__(self, work, size):
        self.image, self.top = work / "disk", work / "disk-mnt"
        self.top.mkdir()
        with open(self.image, "wb") as file:
            file.truncate(size)
        subprocess.run(["mke2fs", "-q", "-F", "-t", "ext4", str(self.image)], check=True)
        self.mount()

    def mount(self):
        subprocess.run(["mount", "-o", "loop", str(self.image), str(self.top)], check=True)

    def cut(self):
        fd = os.open(self.top, os.O_RDONLY)
        try:
            fcntl.ioctl(fd, EXT4_IOC_SHUTDOWN, struct.pack("I", EXT4_GOING_FLAGS_NOLOGFLUSH))
        finally:
            os.close(fd)

    def umount(self, patience_s=10):
        """Until the file system is gone, so that the next mount replays its log."""
        # The killed process's descriptors may take a moment to go.
        for _ in range(200):
            if subprocess.run(["umount", str(self.top)], capture_output=True, check=False).returncode == 0:
                break
            time.sleep(0.02)
        else:
            subprocess.run(["umount", str(self.top)], check=True)
        deadline = time.monotonic() + patience_s
        while self.loop_devices():
            if time.monotonic() > deadline:
                raise AssertionError(f"{self.image}: unmounted, and still in use: a mount namespace holds a copy of the mount")
            time.sleep(0.02)

    def loop_devices(self):
        return subprocess.run(["losetup", "--noheadings", "--output", "NAME", "--associated", str(self.image)], check=True,
                              capture_output=True, text=True).stdout.split()

    def close(self):
        if os.path.ismount(self.top):
            subprocess.run(["umount", "-l", str(self.top)], check=False)
