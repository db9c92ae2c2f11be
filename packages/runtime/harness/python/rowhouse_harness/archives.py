"""Attachments as .tar.gz or .tgz: their contents stand in the working directory before the source is loaded."""
import os

from rowhouse_harness.failures import JobFailed, describe

ENDINGS = ('.tar.gz', '.tgz')


def unpack_attachments(playground):
    found = [os.path.join(folder, name) for folder, _, names in os.walk(playground) for name in names if name.lower().endswith(ENDINGS)]
    for path in sorted(found):
        unpack(path, playground)


def unpack(path, playground):
    """Regular files only, below the playground; what is there already stays."""
    import tarfile

    root = os.path.realpath(playground)
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                target = os.path.realpath(os.path.join(root, member.name))
                if not member.isfile() or not target.startswith(root + os.sep) or os.path.exists(target):
                    continue
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.extractfile(member) as content, open(target, 'wb') as file:
                    copy(content, file)
                if member.mode & 0o100:
                    os.chmod(target, 0o755)
    except Exception as error:
        name = os.path.relpath(path, playground)
        raise JobFailed('load', 'the attachment %s cannot be unpacked: %s' % (name, describe(error))) from None


def copy(content, file):
    while True:
        block = content.read(1 << 20)
        if not block:
            return
        file.write(block)
