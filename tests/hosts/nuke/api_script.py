"""The functions of the module that read, write and run things."""

from __future__ import annotations

import inspect
import os

from .current import session


def scriptOpen(filename):
    session().open_script(filename)


def scriptReadFile(*args, **kwargs):
    session().reader().read(session().read_text(args[0]), session().groups[-1])


def scriptReadText(*args, **kwargs):
    session().reader().read(args[0], session().groups[-1])


def scriptSource(*args, **kwargs):
    scriptReadFile(*args, **kwargs)


def scriptSave(filename=None):
    return session().save(filename)


def scriptSaveAs(filename=None, overwrite=-1):
    world = session()
    if filename is None:
        raise RuntimeError("scriptSaveAs needs a file name; the stand-in for Nuke shows no dialogue")
    if os.path.exists(filename) and overwrite != 1 and (overwrite == 0 or not world.gui or not _yes()):
        raise RuntimeError(f"{filename} exists")
    world.save(filename)


def _yes() -> bool:
    answers = session().answers
    return answers.pop(0) if answers else True


def scriptClear(*args, **kwargs):
    session().clear()
    session().callbacks.run("OnCreate", session().root)


def scriptClose(*args, **kwargs):
    scriptClear()


def scriptNew(*args, **kwargs):
    scriptClear()


def scriptName():
    name = session().root.name()
    if not name:
        raise RuntimeError("the script has no name")
    return name


def script_directory():
    return os.path.dirname(session().root.name())


def modified(status=None):
    if status is not None:
        session().is_modified = bool(status)
    return session().is_modified


def nodeCopy(s):
    return session().copy(s)


def nodePaste(s):
    return session().paste(s)


def nodeDelete(s=""):
    for node in session().groups[-1].selectedNodes():
        session().delete(node)


def duplicateSelectedNodes():
    world, kept = session(), session().clipboard
    world.copy("%clipboard%")
    world.paste("%clipboard%")
    world.clipboard = kept


def undo():
    session().history.undo()


def redo():
    session().history.redo()


def executing():
    return session().is_executing


def cancel():
    session().cancel_wanted = True


def tcl(s, *args):
    from .tcl import quote

    return session().tcl.eval(" ".join([s, *(quote(str(argument)) for argument in args)]))


def runIn(object, cmd):
    with session().inside(session().find_node(object)):
        session().execute_code(cmd)
    return True


def pluginAddPath(args, addToSysPath=True):
    _add(args, addToSysPath, first=True)


def pluginAppendPath(args, addToSysPath=True):
    _add(args, addToSysPath, first=False)


def _add(args: str | list[str] | tuple[str, ...], to_sys_path: bool, *, first: bool) -> None:
    for path in (args,) if isinstance(args, str) else args:
        session().plugin_paths.add(_absolute(path), to_sys_path=to_sys_path, first=first)


def _absolute(path: str) -> str:
    """A relative path counts from the init.py that names it."""
    if os.path.isabs(path):
        return path
    for frame in inspect.stack()[1:]:
        if os.path.basename(frame.filename) in {"init.py", "menu.py"}:
            return os.path.normpath(os.path.join(os.path.dirname(frame.filename), path))
    return path


def pluginPath():
    return list(session().plugin_paths.folders)


def pluginExists(name):
    return session().plugin_paths.find(name) is not None


def clearRAMCache():
    session().file_cache.clear()


def clearDiskCache():
    session().file_cache.clear()
