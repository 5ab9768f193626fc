"""What the night variants of acceptance/rescue-3 stand on: a shop's data and its first image, made once, and nights that begin with a
copy of them, with a ledger of what is acknowledged."""
import shutil
import tempfile
import time
from pathlib import Path

from branches import Harbour
from mariadb import install
from relaying import Relay, Source
from rescuing import ACCOUNTS, Night
from shop import Ledger, Shop, set_up

RELAY_OPTIONS = ("--tail-interval", "200ms")


class Ground:
    """A stopped source with the shop's tables, and a vault with the image of it. `encrypts`: makes of a directory, where the keys are to
    lie, the server that encrypts and its options; see mariadb.with_key_plugin."""

    def __init__(self, orders, encrypts=None):
        self.work = Path(tempfile.mkdtemp(prefix="lifeboat-nights-"))
        self.orders, self.ledger = orders, Ledger()
        self.binary, self.options = encrypts(self.work) if encrypts else ("mariadbd", [])
        try:
            self.boat = Harbour(self.work)
            self.recovery_key = self.boat.init()["recovery_key"]
            self.datadir = self.work / "source"
            install(self.datadir, "--innodb-log-file-size=16M")
            with Source(self.datadir, "--innodb-log-file-size=16M", "--rpl-semi-sync-master-enabled=0", *self.options,
                        binary=self.binary) as source:
                source.query("SET sql_log_bin = 0;" + ACCOUNTS)
                set_up(source, orders, self.ledger)
            self.import_into(self.boat)
        except BaseException:
            self.close()
            raise

    def import_into(self, boat):
        defaults = self.work / "my.cnf"
        defaults.write_text("[mysqld]\n" + "".join(f"{option[2:]}\n" for option in self.options))
        return boat.run("image", "import", self.datadir, "--defaults-file", defaults)

    @property
    def vault(self):
        return self.boat.work / "vault"

    def close(self):
        shutil.rmtree(self.work, ignore_errors=True)


class ShopNight(Night):
    """A Night whose source and vault begin as the ground's, and whose `shop` trades. `vault_url`: elsewhere than in a directory of its
    own. `sealed`: whether the relay brings its log into the vault."""

    def __init__(self, ground, seed, vault_url=None, sealed=True):
        self.ground, self.seed, self.vault_url, self.sealed = ground, seed, vault_url, sealed
        self.shop = Shop(ground.ledger.copy(), seed, ground.orders)
        super().__init__(*RELAY_OPTIONS)

    def _fill_vault(self):
        if self.vault_url is None:
            shutil.copytree(self.ground.vault, self.boat.work / "vault")
            self.vault_url, self.recovery_key = self.boat.env["LIFEBOAT_VAULT"], self.ground.recovery_key
            return
        self.boat.env["LIFEBOAT_VAULT"] = self.vault_url
        self.recovery_key = self.boat.init()["recovery_key"]
        self.ground.import_into(self.boat)

    def _begin(self, relay_options):
        work = self.boat.work
        shutil.copytree(self.ground.datadir, work / "source")
        self.source = Source(work / "source", *self.ground.options, binary=self.ground.binary).start()
        self.servers.append(self.source)
        env = dict(self.boat.env)
        if not self.sealed:
            del env["LIFEBOAT_VAULT"]
        self.relay = Relay(work, self.source, *relay_options, env=env).start()
        self.relay.wait_following()

    @property
    def ledger(self):
        return self.shop.ledger

    def trade(self, count, trade=None):
        return self.shop.trade(self, count, trade)

    def mistake(self, sql):
        """The GTID of what is not to have happened, and when it was by the clock."""
        begun = time.time()
        return Mistake(self.commit(sql), begun, time.time())

    @staticmethod
    def mistake_in(session, sql):
        """The same in a session that goes on."""
        begun = time.time()
        return Mistake(session.query(f"{sql}; SELECT @@last_gtid")[-1][0].decode(), begun, time.time())


class Mistake:
    def __init__(self, gtid, begun, ended):
        self.gtid, self.begun, self.ended = gtid, begun, ended
