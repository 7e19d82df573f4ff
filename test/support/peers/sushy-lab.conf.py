# Configuration of sushy-emulator (sushy-tools) whose systems are lab machines: it executes this file, and takes the driver in it.
# FARRIER_LAB_COMMAND: the command line as a JSON array, up to `lab`; FARRIER_LAB_DATA_DIR: the lab's data directory.
import json
import os
import subprocess

from sushy_tools.emulator.resources.systems import fakedriver
from sushy_tools.emulator.resources.systems.base import AbstractSystemsDriver
from sushy_tools import error

COMMAND = json.loads(os.environ["FARRIER_LAB_COMMAND"])
FOLDER = os.environ["FARRIER_LAB_DATA_DIR"]


def lab(*words):
    ran = subprocess.run(
        [*COMMAND, *words, "--data-dir", FOLDER], stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    if ran.returncode != 0:
        raise error.FishyError("farrier lab %s: %s" % (" ".join(words), ran.stderr))
    return ran.stdout


class LabDriver(AbstractSystemsDriver):
    """Lab machines, switched by `farrier lab power`."""

    @classmethod
    def initialize(cls, config, logger, *args, **kwargs):
        cls.boot = {}
        return cls

    @property
    def driver(self):
        return "<farrier lab>"

    def machines(self):
        return {machine["uuid"]: machine for machine in json.loads(lab("list", "--json"))}

    def machine(self, identity):
        machines = self.machines()
        for machine in machines.values():
            if identity in (machine["uuid"], machine["name"]):
                return machine
        raise error.NotFound("there is no lab machine %s" % identity)

    @property
    def systems(self):
        return list(self.machines())

    def uuid(self, identity):
        return self.machine(identity)["uuid"]

    def name(self, identity):
        return self.machine(identity)["name"]

    def get_power_state(self, identity):
        return "On" if self.machine(identity)["power"] == "on" else "Off"

    def set_power_state(self, identity, state):
        name = self.name(identity)
        source = {"Pxe": "network", "Hdd": "disk", "Cd": "medium"}.get(LabDriver.boot.get(name))
        boot = [] if source is None else ["--boot", source]
        if state in ("On", "ForceOn"):
            lab("power", name, "on", *boot)
        elif state in ("ForceOff", "GracefulShutdown"):
            lab("power", name, "off")
        elif state in ("ForceRestart", "GracefulRestart"):
            lab("power", name, "reset", *boot)
        else:
            raise error.BadRequest("unknown ResetType %s" % state)

    def get_boot_device(self, identity):
        return LabDriver.boot.get(self.name(identity), "Hdd")

    def set_boot_device(self, identity, boot_source):
        LabDriver.boot[self.name(identity)] = boot_source

    def get_boot_mode(self, identity):
        return "UEFI"

    def set_boot_mode(self, identity, boot_mode):
        pass

    def set_boot_image(self, identity, device, boot_image=None, write_protected=True):
        name = self.name(identity)
        lab("medium", name, *(["--eject"] if boot_image is None else ["--insert", boot_image]))

    def get_nics(self, identity):
        return [{"id": mac, "mac": mac} for mac in self.machine(identity)["macs"]]

    def get_total_memory(self, identity):
        return 1

    def get_total_cpus(self, identity):
        return 1

    def get_processors(self, identity):
        return []


fakedriver.FakeDriver = LabDriver
SUSHY_EMULATOR_FAKE_DRIVER = True
