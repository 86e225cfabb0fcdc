# JupyterHub for a lab room: one password for the class, a container of the course's image for each student.
import hmac
import os
import sys

from jupyterhub.auth import Authenticator


class ClassPassword(Authenticator):
    """Any name with the class's password."""

    async def authenticate(self, handler, data):
        right = hmac.compare_digest(data["password"].encode(), os.environ["CLASS_PASSWORD"].encode())
        return data["username"] if right and data["username"] else None


c = get_config()  # noqa: F821, JupyterHub gives it to this file

c.JupyterHub.authenticator_class = ClassPassword
c.Authenticator.allow_all = True
c.Authenticator.username_pattern = r"[a-z][a-z0-9_.-]{0,31}"

c.JupyterHub.hub_ip = "0.0.0.0"
c.JupyterHub.hub_connect_ip = "hub"
c.JupyterHub.db_url = "sqlite:////srv/jupyterhub/data/hub.sqlite"
c.JupyterHub.cookie_secret_file = "/srv/jupyterhub/data/cookie_secret"

c.JupyterHub.spawner_class = "dockerspawner.DockerSpawner"
c.DockerSpawner.image = os.environ["CLASS_IMAGE"]
c.DockerSpawner.cmd = ["jupyterhub-singleuser"]
c.DockerSpawner.network_name = "imagegen-class"
c.DockerSpawner.use_internal_ip = True
c.DockerSpawner.remove = True
c.DockerSpawner.mem_limit = os.environ["CLASS_MEMORY"]
c.DockerSpawner.cpu_limit = float(os.environ["CLASS_CORES"])
c.Spawner.default_url = "/lab/tree/notebooks/00-start-here.ipynb"
c.Spawner.notebook_dir = "/home/student/course"
c.Spawner.environment = {"IMAGEGEN_CACHE": "/srv/imagegen-cache"}

# A named volume starts as a copy of what the image has in that place: each student's own notebooks, kept between days.
c.DockerSpawner.volumes = {
    "imagegen-notebooks-{username}": "/home/student/course/notebooks",
    "imagegen-cache": {"bind": "/srv/imagegen-cache", "mode": "ro"},
}

c.JupyterHub.load_roles = [
    {"name": "culler", "scopes": ["list:users", "read:users:activity", "read:servers", "delete:servers"], "services": ["culler"]}
]
c.JupyterHub.services = [
    {"name": "culler", "command": [sys.executable, "-m", "jupyterhub_idle_culler", "--timeout=3600"]}
]
