"""A broker that asks for a login and looks at access lists: its properties, its two own users, their passwords."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from hub.embedded.kafka_login import ScramLogin
from hub.embedded.record import write_private

BROKER, ADMIN = "hub-broker", "hub-admin"
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"

PROPERTIES: Mapping[str, str] = {
    "listener.security.protocol.map": "CLIENT:SASL_PLAINTEXT,CONTROLLER:SASL_PLAINTEXT",
    "sasl.enabled.mechanisms": "SCRAM-SHA-512",
    "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
    "sasl.mechanism.controller.protocol": "SCRAM-SHA-512",
    "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
    "allow.everyone.if.no.acl.found": "false",
    "super.users": f"User:{BROKER};User:{ADMIN}",
}

# A refused client may try hundreds of times a second: denials have a file of their own, 100 MB a day at most.
DENIALS = """\
appender.d.type=RollingFile
appender.d.name=D
appender.d.fileName=${sys:kafka.logs.dir}/kafka.log.denied
appender.d.filePattern=${sys:kafka.logs.dir}/kafka.log.denied.%d{yyyy-MM-dd}.%i.gz
appender.d.layout.type=PatternLayout
appender.d.layout.pattern=%d{ISO8601} %p %m%n
appender.d.policies.type=Policies
appender.d.policies.time.type=TimeBasedTriggeringPolicy
appender.d.policies.size.type=SizeBasedTriggeringPolicy
appender.d.policies.size.size=5MB
appender.d.strategy.type=DefaultRolloverStrategy
appender.d.strategy.max=20
logger.authorizer.name=kafka.authorizer.logger
logger.authorizer.level=INFO
logger.authorizer.additivity=false
logger.authorizer.appenderRef.d.ref=D
"""


@dataclass(frozen=True)
class BrokerUsers:
    """The broker's own user and the administrator's, both above all access lists. Passwords: files, mode 0600."""

    directory: Path

    @property
    def admin_password_file(self) -> Path:
        return self.directory / "admin.password"

    @property
    def made(self) -> bool:
        """The passwords are there: the data directory was made for them, or will be."""
        return all(self._file(user).exists() for user in (BROKER, ADMIN))

    def make(self) -> None:
        """New passwords for both."""
        for user in (BROKER, ADMIN):
            write_private(self._file(user), secrets.token_urlsafe(32))

    def properties(self) -> dict[str, str]:
        login = f'{_SCRAM} required username="{BROKER}" password="{self._password(BROKER)}";'
        return {
            **PROPERTIES,
            **{
                f"listener.name.{listener}.scram-sha-512.sasl.jaas.config": login
                for listener in ("client", "controller")
            },
        }

    def format_options(self) -> list[str]:
        """What makes both users known to a new data directory. Holds the passwords."""
        options = []
        for user in (BROKER, ADMIN):
            options += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={self._password(user)}]"]
        return options

    def login(self) -> ScramLogin:
        """Who asks for the broker's health."""
        return ScramLogin(BROKER, self._password(BROKER))

    def _file(self, user: str) -> Path:
        return self.directory / f"{user.removeprefix('hub-')}.password"

    def _password(self, user: str) -> str:
        return self._file(user).read_text().strip()
