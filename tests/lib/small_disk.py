"""A small disk of a test's own, to be filled to the last byte: a tmpfs in a mount namespace that ends with the test."""
import os
import subprocess
import sys

INSIDE = "LIFEBOAT_TEST_INSIDE"
# Volumes that others have mounted meanwhile are let go of: a copy of their mounts here would keep them from ending there.
IN_A_NAMESPACE = ["unshare", "--mount", "--propagation", "private", "sh", "-c", 'umount -a -l -t fuse.lifeboat; exec "$@"', "-"]


def again_in_a_namespace(program, *arguments):
    """Runs this program once more in a mount namespace of its own; its exit status, or None if this is that run or there can be none."""
    if INSIDE in os.environ or subprocess.run([*IN_A_NAMESPACE, "true"], check=False, capture_output=True).returncode != 0:
        return None
    return subprocess.run([*IN_A_NAMESPACE, sys.executable, program, *arguments], check=False, env={**os.environ, INSIDE: "1"}).returncode


def mount_small_disk(directory, size):
    """Whether it could be mounted; only inside such a namespace, so that nothing of it is left."""
    directory.mkdir()
    return INSIDE in os.environ and subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", directory], check=False,
                                                   capture_output=True).returncode == 0


def fill(directory):
    """Until not a byte more goes in; the files that did it."""
    made = []
    for size in (1 << 20, 4096, 1):
        while True:
            path = directory / f"filler-{size}-{len(made)}"
            made.append(path)
            try:
                path.write_bytes(bytes(size))
            except OSError:
                path.unlink(missing_ok=True)
                break
    return made
