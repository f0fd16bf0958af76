"""The rule: the alerts that kube-prometheus ships find the public runbooks written for them, and no other page."""

from __future__ import annotations

from pathlib import Path

import pytest

from fireline.core.guard.tree import Script
from fireline.core.runbook import Runbook, parse
from fireline.core.runbook.match import Facts, Match, match

ADDRESS = "https://runbooks.prometheus-operator.dev/runbooks"
# Every alert that the rule sets of kube-prometheus have shipped, by the component whose rules they are: those of its
# current release with etcd's, and those that pages were written for and newer releases have renamed.
SHIPPED = """
    AlertmanagerClusterCrashlooping AlertmanagerClusterDown AlertmanagerClusterFailedToSendAlerts
    AlertmanagerConfigInconsistent AlertmanagerFailedReload AlertmanagerFailedToSendAlerts
    AlertmanagerMembersInconsistent

    etcdBackendQuotaLowSpace etcdDatabaseHighFragmentationRatio etcdDatabaseQuotaLowSpace
    etcdExcessiveDatabaseGrowth etcdGRPCRequestsSlow etcdHTTPRequestsSlow etcdHighCommitDurations
    etcdHighFsyncDurations etcdHighNumberOfFailedGRPCRequests etcdHighNumberOfFailedHTTPRequests
    etcdHighNumberOfFailedProposals etcdHighNumberOfLeaderChanges etcdInsufficientMembers
    etcdMemberCommunicationSlow etcdMembersDown etcdNoLeader

    InfoInhibitor NodeNetworkInterfaceFlapping TargetDown Watchdog GrafanaRequestsFailing KubeStateMetricsListErrors
    KubeStateMetricsShardingMismatch KubeStateMetricsShardsMissing KubeStateMetricsWatchErrors

    CPUThrottlingHigh KubeAPIDown KubeAPIErrorBudgetBurn KubeAPIErrorsHigh KubeAPITerminatedRequests
    KubeAggregatedAPIDown KubeAggregatedAPIErrors KubeCPUOvercommit KubeCPUQuotaOvercommit
    KubeClientCertificateExpiration KubeClientErrors KubeContainerWaiting KubeControllerManagerDown
    KubeDaemonSetMisScheduled KubeDaemonSetNotScheduled KubeDaemonSetRolloutStuck KubeDeploymentGenerationMismatch
    KubeDeploymentReplicasMismatch KubeDeploymentRolloutStuck KubeHpaMaxedOut KubeHpaReplicasMismatch
    KubeJobCompletion KubeJobFailed KubeJobNotCompleted KubeMemoryOvercommit KubeMemoryQuotaOvercommit
    KubeNodeEviction KubeNodeNotReady KubeNodePressure KubeNodeReadinessFlapping KubeNodeUnreachable
    KubePdbNotEnoughHealthyPods KubePersistentVolumeErrors KubePersistentVolumeFillingUp
    KubePersistentVolumeInodesFillingUp KubePodCrashLooping KubePodNotReady KubeProxyDown KubeQuotaAlmostFull
    KubeQuotaExceeded KubeQuotaFullyUsed KubeSchedulerDown KubeStatefulSetGenerationMismatch
    KubeStatefulSetReplicasMismatch KubeStatefulSetUpdateNotRolledOut KubeVersionMismatch
    KubeletClientCertificateExpiration KubeletClientCertificateRenewalErrors KubeletDown KubeletPlegDurationHigh
    KubeletPodStartUpLatencyHigh KubeletServerCertificateExpiration KubeletServerCertificateRenewalErrors
    KubeletTooManyPods

    NodeBondingDegraded NodeCPUHighUsage NodeClockNotSynchronising NodeClockSkewDetected NodeDiskIOSaturation
    NodeFileDescriptorLimit NodeFilesystemAlmostOutOfFiles NodeFilesystemAlmostOutOfSpace
    NodeFilesystemFilesFillingUp NodeFilesystemSpaceFillingUp NodeHighNumberConntrackEntriesUsed
    NodeMemoryHighUtilization NodeMemoryMajorPagesFaults NodeNetworkReceiveErrs NodeNetworkTransmitErrs
    NodeRAIDDegraded NodeRAIDDiskFailure NodeSystemSaturation NodeSystemdServiceCrashlooping
    NodeSystemdServiceFailed NodeTextFileCollectorScrapeError

    ConfigReloaderSidecarErrors PrometheusOperatorListErrors PrometheusOperatorNodeLookupErrors
    PrometheusOperatorNotReady PrometheusOperatorReconcileErrors PrometheusOperatorRejectedResources
    PrometheusOperatorStatusUpdateErrors PrometheusOperatorSyncFailed PrometheusOperatorWatchErrors

    PrometheusBadConfig PrometheusDuplicateTimestamps PrometheusErrorSendingAlertsToAnyAlertmanager
    PrometheusErrorSendingAlertsToSomeAlertmanagers PrometheusHighQueryLoad PrometheusKubernetesListWatchFailures
    PrometheusLabelLimitHit PrometheusMissingRuleEvaluations PrometheusNotConnectedToAlertmanagers
    PrometheusNotIngestingSamples PrometheusNotificationQueueRunningFull PrometheusOutOfOrderTimestamps
    PrometheusRemoteStorageFailures PrometheusRemoteWriteBehind PrometheusRemoteWriteDesiredShards
    PrometheusRuleFailures PrometheusSDRefreshFailure PrometheusScrapeBodySizeLimitHit
    PrometheusScrapeSampleLimitHit PrometheusTSDBCompactionsFailing PrometheusTSDBReloadsFailing
    PrometheusTargetLimitHit PrometheusTargetSyncFailure
""".split()  # noqa: SIM905
# What such an alert says of itself beside its name; a page is not to be found by these words.
TELLS = {
    "KubeNodeEviction": "pods are evicted from a node",
    "KubeNodePressure": "a node has a condition",
    "KubeNodeUnreachable": "a node cannot be reached, workloads move",
    "NodeMemoryHighUtilization": "the memory of a host is nearly used up",
    "NodeDiskIOSaturation": "many requests wait for a disk",
    "KubeJobNotCompleted": "a job takes too long to complete",
    "KubePdbNotEnoughHealthyPods": "too few healthy pods for a disruption budget",
    "PrometheusHighQueryLoad": "prometheus serves as many queries at once as it can",
    "etcdDatabaseQuotaLowSpace": "the database of an etcd cluster is nearly full",
    "NodeSystemdServiceFailed": "a unit of systemd has failed",
}


def no_shell(text: str) -> Script:
    """Nothing here is about commands."""
    return Script(error="not asked")


@pytest.fixture(scope="module")
def pages(shared: Path) -> list[Runbook]:
    top = shared / "runbooks" / "prometheus-operator__runbooks" / "content" / "runbooks"
    files = [file for file in sorted(top.rglob("*.md")) if not file.name.startswith("_")]
    return [parse(file.read_bytes(), path=str(file.relative_to(top)), shell=no_shell) for file in files]


def find(pages: list[Runbook], name: str, url: str | None = None, summary: str = "") -> Match | None:
    annotations = {"summary": summary} | ({"runbook_url": url} if url else {})
    return match(Facts(name=name, labels={"alertname": name}, annotations=annotations), pages)


@pytest.mark.req(25)
def test_every_page_is_found_by_its_alert_with_and_without_an_address(pages: list[Runbook]) -> None:
    assert len(pages) == 105
    for page in pages:
        path = Path(page.path)
        name, folder = path.stem, path.parent.name
        for url in (f"{ADDRESS}/{folder}/{name.lower()}", f"{ADDRESS}/{folder}/{name}/", None):
            found = find(pages, name, url)
            assert found is not None, name
            assert found.runbook is page, (name, found.why)
            assert ("runbook_url" in found.why) == (url is not None)


@pytest.mark.req(25)
def test_an_address_is_enough_whatever_the_alert_is_called(pages: list[Runbook]) -> None:
    for page in pages:
        found = find(pages, "X", f"{ADDRESS}/{page.path.removesuffix('.md').lower()}")
        assert found is not None
        assert found.runbook is page


@pytest.mark.req(25)
@pytest.mark.parametrize("name", SHIPPED)
def test_each_alert_shipped_finds_its_page_or_nothing(pages: list[Runbook], name: str) -> None:
    page = next((page for page in pages if Path(page.path).stem == name), None)
    folder = Path(page.path).parent.name if page else "general"
    for url in (None, f"{ADDRESS}/{folder}/{name.lower()}"):
        found = find(pages, name, url, summary=TELLS.get(name, ""))
        assert (found.runbook if found else None) is page
        assert found is None or found.why.endswith(".")


@pytest.mark.req(25)
def test_the_alerts_shipped_are_139_and_cover_every_page(pages: list[Runbook]) -> None:
    assert len(SHIPPED) == len(set(SHIPPED)) == 139
    assert {Path(page.path).stem for page in pages} <= set(SHIPPED)


def test_without_its_page_an_alert_does_not_take_a_similar_one(pages: list[Runbook]) -> None:
    for page in pages:
        name = Path(page.path).stem
        found = find([other for other in pages if other is not page], name)
        assert found is None or found.scenario.title == name  # one page bears another's heading
