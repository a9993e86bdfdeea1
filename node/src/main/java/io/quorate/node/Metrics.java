package io.quorate.node;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.gossip.Membership;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.raft.RaftStatus;
import io.quorate.sstable.CompactionStats;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** What this node tells Prometheus. Values are read when they are asked for. */
final class Metrics {
  private final PrometheusMeterRegistry registry =
      new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final Node node;
  private final Environment environment;

  Metrics(Node node, Environment environment) {
    this.node = node;
    this.environment = environment;
    gauge("quorate.ready", "1 when clients are served", n -> n.state() == NodeState.NORMAL ? 1 : 0);
    gauge("quorate.nodes.known", "nodes in the metadata", n -> metadataNodes(n));
    gauge("quorate.nodes.alive", "of which are taken for alive", Metrics::aliveNodes);
    gauge("quorate.metadata.epoch", "epoch that is published", n -> ring(n).metadata().epoch());
    gauge(
        "quorate.ownership.changes",
        "changes of ownership under way",
        n -> ring(n).metadata().transitions().size());
    gauge("quorate.raft.has.leader", "1 when a leader is known", n -> hasLeader(raft(n)));
    gauge("quorate.raft.term", "term of the metadata ring", n -> raft(n).term());
    gauge("quorate.raft.commit.index", "committed entries", n -> raft(n).commitIndex());
    gauge("quorate.raft.applied.index", "applied entries", n -> raft(n).appliedIndex());
    gauge("quorate.raft.peer.lag.max", "entries the slowest peer lacks", n -> slowest(raft(n)));
    counter("quorate.raft.leader.changes", "seen since start", n -> raft(n).leaderChanges());
    counter("quorate.hints.stored", "hints taken in", n -> hints(n).stored());
    counter("quorate.hints.delivered", "hints delivered", n -> hints(n).delivered());
    counter("quorate.hints.refused", "hints not taken in", n -> hints(n).refused());
    counter("quorate.hints.expired", "hints too old to deliver", n -> hints(n).expired());
    gauge("quorate.hints.pending", "hints on disk", Metrics::pendingHints);
    counter("quorate.reads.mismatches", "reads whose replicas differed", n -> mismatches(n));
    counter("quorate.reads.repairs", "mutations sent to stale replicas", n -> repairs(n));
    counter(
        "quorate.messages.dropped",
        "to nodes that could not be reached or did not keep up",
        n -> environment.messaging().dropped());
    gauge("quorate.connections", "open CQL connections", n -> connections(n));
    gauge("quorate.block.cache.bytes", "cached blocks", n -> engineCache(n));
    gauge(
        "quorate.commitlog.set.aside",
        "records and stretches of the commit log in quarantine since the start",
        n -> n.assembled().engine().setAsideRecords());
    diskMetrics();
    gauge("quorate.tasks.running", "long work under way or waiting", n -> n.tasks().runningCount());
    gauge("quorate.compactions.pending", "compactions that are due", n -> stats(n).pending());
    gauge("quorate.compactions.running", "of which run now", n -> stats(n).running());
    counter("quorate.compactions.completed", "ended well", n -> stats(n).completed());
    counter("quorate.compactions.failed", "ended by a failure", n -> stats(n).failed());
    counter("quorate.compactions.read.bytes", "of SSTables", n -> stats(n).readBytes());
    counter("quorate.compactions.written.bytes", "of new SSTables", n -> stats(n).writtenBytes());
    gauge("quorate.heap.used.bytes", "of the Java heap", n -> usedHeap());
  }

  private void diskMetrics() {
    for (Operation operation : Operation.values()) {
      FunctionCounter.builder("quorate.disk.errors", node, n -> n.watch().files().errors(operation))
          .tag("operation", operation.name().toLowerCase(Locale.ROOT))
          .description("operations that failed, other than for lack of space")
          .register(registry);
    }
    counter("quorate.disk.full", "writes that found no space", n -> n.watch().files().foundFull());
    gauge("quorate.disk.usable.bytes", "free on the data disk", n -> space(n).usableBytes());
    gauge("quorate.disk.usable.share", "of the data disk, 0 to 1", n -> space(n).usableShare());
    counter("quorate.corruptions", "damage found", n -> n.watch().reports().corruptions());
    gauge("quorate.sstables.quarantined", "put aside", n -> n.watch().figures().quarantined());
    gauge(
        "quorate.writes.refused",
        "1 while this node's storage takes no writes",
        n -> n.assembled().engine().writeRefusal() == null ? 0 : 1);
    counter("quorate.writes.refusals", "times they began", n -> n.watch().reports().refusals());
    gauge(
        "quorate.commitlog.poisoned",
        "1 when a sync failed: only a restart brings writes back",
        n -> n.watch().reports().isPoisoned() ? 1 : 0);
    counter(
        "quorate.storage.work.failed",
        "flushes and other background work that failed",
        n -> n.watch().reports().failedWork());
    counter(
        "quorate.archive.failures",
        "segments of the commit log that were not archived at a try",
        n -> n.watch().reports().failedArchivings());
    gauge(
        "quorate.archive.waiting.segments",
        "that only wait to be archived",
        n -> n.watch().figures().segmentsToArchive());
    gauge("quorate.snapshot.age.seconds", "of the newest; NaN for none", n -> snapshotAge(n));
    gauge("quorate.raft.failed", "1 when out of the ring", n -> raft(n).failure() == null ? 0 : 1);
    counter("quorate.hints.failed", "hints the disk did not take", n -> hints(n).failed());
    gauge("quorate.hints.damaged.bytes", "of hints, lost", n -> hints(n).damagedBytes());
  }

  private static StorageWatch.Space space(Node node) {
    return node.watch().space();
  }

  private double snapshotAge(Node of) {
    long newest = of.watch().newestSnapshotMillis();
    return newest == 0 ? Double.NaN : (environment.clock().wallMicros() / 1_000 - newest) / 1_000.0;
  }

  private void gauge(String name, String description, ToDoubleFunction<Node> value) {
    Gauge.builder(name, node, value).description(description).register(registry);
  }

  private void counter(String name, String description, ToDoubleFunction<Node> value) {
    FunctionCounter.builder(name, node, value).description(description).register(registry);
  }

  /** Everything, in Prometheus' text format. */
  String scrape() {
    return registry.scrape();
  }

  private static RaftMetadataRing ring(Node node) {
    return node.assembled().ring();
  }

  private static RaftStatus raft(Node node) {
    return node.assembled().raft().status();
  }

  private static HintStats hints(Node node) {
    return node.assembled().hints().stats();
  }

  private static int metadataNodes(Node node) {
    return ring(node).metadata().nodes().size();
  }

  private static double aliveNodes(Node node) {
    Membership membership = node.assembled().membership();
    return ring(node).metadata().nodes().stream()
        .filter(info -> membership.isAlive(info.hostId()))
        .count();
  }

  private static int hasLeader(RaftStatus raft) {
    return raft.leader() == null ? 0 : 1;
  }

  private static double slowest(RaftStatus raft) {
    return raft.peers().stream().mapToLong(RaftStatus.PeerStatus::lag).max().orElse(0);
  }

  private static double pendingHints(Node node) {
    return hints(node).targets().stream().mapToLong(HintStats.Target::hints).sum();
  }

  private static long mismatches(Node node) {
    return node.coordinator().digestMismatches();
  }

  private static long repairs(Node node) {
    return node.coordinator().readRepairs();
  }

  private static int connections(Node node) {
    return node.assembled().clients().connectionCount();
  }

  private static CompactionStats stats(Node node) {
    return node.assembled().engine().maintenance().stats();
  }

  private static long engineCache(Node node) {
    return node.assembled().engine().cachedBytes();
  }

  private static long usedHeap() {
    Runtime runtime = Runtime.getRuntime();
    return runtime.totalMemory() - runtime.freeMemory();
  }
}
