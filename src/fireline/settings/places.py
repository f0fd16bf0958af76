"""Settings about places: which cluster, namespaces and server an environment really is."""

from __future__ import annotations

from fireline.settings.part import Part


class EnvironmentSettings(Part, frozen=True, kw_only=True):
    """`[environments.<name>]`: a command of kubectl, helm or argocd that changes something anywhere else is refused."""

    context: str = ""  # of the write lane's kubeconfig
    namespaces: tuple[str, ...] = ()
    server: str = ""  # the API server's address, as the kubeconfig has it
    argocd: str = ""  # the address of its Argo CD, which argocd's commands have to name with --server
    runner: str = ""  # the runner that carries out its commands; "" is the lane's, or this house
