"""Sees what a revision asks for that is not known without its database. Follows alembic.py in one program."""

# Functions in C that never answer the same.
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "localtime", "gmtime", "ctime", "asctime", "strftime", "clock_gettime"}
CHANCE = {"urandom", "getrandom", "random", "getrandbits", "generate_time_safe"}
RANDOM = "it depends on chance"
DRIVERS = {"psycopg", "psycopg2", "asyncpg", "pg8000"}
PROGRAMS = {"subprocess.Popen", "os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn"}
CHANGES = {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink"}

# The modules through which a revision reads its environment. Others of the standard library do it for themselves.
ENVIRONMENT = {"os.py", "_collections_abc.py", "posixpath.py"}

LIBRARY = tuple({os.path.abspath(sysconfig.get_path(name)) + os.sep for name in ("stdlib", "platstdlib")})
OURS = tuple(os.path.dirname(os.path.abspath(module.__file__)) + os.sep for module in (alembic, sqlalchemy))


class Doubt(BaseException):
    """Not an Exception: a revision would catch it by mistake."""


def path_of(frame):
    name = frame.f_code.co_filename
    return name if name.startswith("<") else os.path.abspath(name)


def is_package(path):
    return f"{os.sep}site-packages{os.sep}" in path or f"{os.sep}dist-packages{os.sep}" in path


def is_standard(path):
    return path.startswith("<") or path.startswith(LIBRARY) and not is_package(path)


def frames(frame):
    while frame is not None:
        yield frame
        frame = frame.f_back


class Watch:
    """Sees what a revision asks for that is not known here."""

    def __init__(self, folders):
        self.step, self.revisions, self.loading = None, (), {}
        self.readable = tuple(
            os.path.abspath(folder).rstrip(os.sep) + os.sep
            for folder in [*folders, *sys.path, sys.prefix, sys.base_prefix, *LIBRARY, "/usr/share/zoneinfo"]
            if folder
        )
        watch = self
        variable, iterate = os._Environ.__getitem__, os._Environ.__iter__

        def read_variable(environ, key):
            watch.notice(sys._getframe(1), f"it reads the environment variable {key}", ENVIRONMENT)
            return variable(environ, key)

        def read_all(environ):
            watch.notice(sys._getframe(1), "it reads the environment", ENVIRONMENT)
            return iterate(environ)

        os._Environ.__getitem__, os._Environ.__iter__ = read_variable, read_all
        sys.addaudithook(self.audit)

    def load(self, scripts):
        """Loads the revisions. What their modules ask for is noticed, too; what they import is not."""
        self.revisions = tuple(
            os.path.abspath(str(location)).rstrip(os.sep) + os.sep for location in scripts._version_locations
        )
        sys.setprofile(self.profile)
        try:
            return list(scripts._load_revisions())
        finally:
            sys.setprofile(None)
            self.revisions = ()

    @contextlib.contextmanager
    def during(self, step):
        self.step = step
        sys.setprofile(self.profile)
        try:
            yield
        finally:
            sys.setprofile(None)
            self.step = None

    def record(self, reason):
        """The first doubt about the running revision."""
        own = (frame.f_lineno for frame in frames(sys._getframe(1)) if path_of(frame) == self.step.path)
        self.step.record(reason, next(own, None))

    def doubt(self, reason):
        if self.step is None:
            raise RuntimeError(f"offline, in env.py: {reason}")
        self.record(reason)
        raise Doubt(reason)

    def notice(self, frame, reason, through=None):
        """Records a doubt if the revision's own code is the reason, not a library's or an import's. `through` are the only modules of the
        standard library that may be between."""
        if self.step is None and not self.revisions:
            return
        for caller in frames(frame):
            path = path_of(caller)
            if is_standard(path):
                name = os.path.basename(path)
                if f"{os.sep}logging{os.sep}" in path or through is not None and name not in through and not name.startswith("<"):
                    return
                continue
            if self.step is not None:
                if reason == RANDOM and is_package(path) and path != self.step.path:
                    self.step.random = True
                elif not path.startswith(OURS) and not self.imports(frame):
                    self.record(reason)
            elif path.startswith(self.revisions):
                self.loading.setdefault(path, f"{reason} (line {caller.f_lineno})")
            return

    @staticmethod
    def imports(frame):
        """Whether the revision imports something, which does this."""
        for caller in frames(frame):
            if caller.f_code is Step.migration_fn.__code__:
                return False
            if caller.f_code.co_filename.startswith("<frozen importlib"):
                return True
        return False

    def profile(self, frame, event, function):
        if event == "c_call":
            name = function.__name__
            if name in CLOCKS:
                holder = getattr(function, "__self__", None)
                holder = getattr(holder, "__module__" if isinstance(holder, type) else "__name__", None)
                if holder in ("datetime", "time"):
                    self.notice(frame, "it depends on the time at which it runs")
            elif name in CHANCE:
                self.notice(frame, RANDOM)
        elif event == "call" and self.step is not None and frame.f_code.co_name == "connect":
            if frame.f_globals.get("__name__", "").partition(".")[0] in DRIVERS:
                self.doubt("it connects to a database by itself")

    def audit(self, event, arguments):
        if self.step is None and not self.revisions:
            return
        if event == "open":
            self.opens(*arguments)
        elif event in PROGRAMS:
            self.acts("it runs another program")
        elif event.startswith("socket.") and event != "socket.__new__":
            self.acts("it uses the network")
        elif event in CHANGES or event.startswith("shutil."):
            self.acts("it changes files")

    def acts(self, reason):
        frame = sys._getframe(2)
        if self.step is None:
            self.notice(frame, reason)
        elif not self.imports(frame):
            self.doubt(reason)

    def opens(self, path, mode, flags):
        if not isinstance(path, (str, bytes)):
            return
        path = os.path.abspath(os.fsdecode(path))
        if path == os.devnull:
            return
        if flags & (os.O_WRONLY | os.O_RDWR):
            self.acts(f"it writes the file {path}")
        elif not path.startswith(self.readable):
            self.notice(sys._getframe(2), f"it reads the file {path}, which does not belong to the project")
