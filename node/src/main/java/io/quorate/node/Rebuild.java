package io.quorate.node;

import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.KeyspaceMetadata;
import io.quorate.coordinator.metadata.NodeInfo;
import io.quorate.coordinator.metadata.Replication;
import io.quorate.coordinator.metadata.TableMetadata;
import io.quorate.coordinator.metadata.TokenRing;
import io.quorate.environment.Shard;
import io.quorate.sstable.StorageTask;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Brings into this node what it owns since its data centre was added to a keyspace's replication:
 * owners before there were none here, so the rows come from another data centre. From a majority of
 * each range's replicas there, so that whatever was acknowledged at LOCAL_QUORUM there, or at
 * QUORUM, is here at every replica when its node is done. What is written meanwhile comes by
 * itself: the replicas that are asked have heard of the new owners by then, and refuse coordinators
 * that have not.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Rebuild {
  private static final String FILE = "rebuild";
  private static final long CATCH_UP_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Shard shard;
  private final UUID hostId;
  private final RaftMetadataRing ring;
  private final Streamings streamings;
  private final Predicate<UUID> alive;
  private final Consumer<StorageTask> tasks;
  private volatile @Nullable Streaming running;
  private long runningFor;

  /**
   * @param tasks takes in what can be watched
   */
  Rebuild(
      UUID hostId,
      RaftMetadataRing ring,
      Streamings streamings,
      Predicate<UUID> alive,
      Consumer<StorageTask> tasks) {
    this.shard = streamings.shard();
    this.hostId = hostId;
    this.ring = ring;
    this.streamings = streamings;
    this.alive = alive;
    this.tasks = tasks;
    ring.onMetadata(newer -> shard.execute(this::look));
  }

  /** What is fetched belongs to owners that may be others by now. */
  private void look() {
    Streaming now = running;
    if (now != null && ring.metadata().ownershipEpoch() != runningFor) {
      running = null;
      now.stop("the owners of rows have changed");
    }
  }

  /**
   * Ends a rebuild that is watched as a task. What was fetched stays, and the next one goes on from
   * there. Safe from any thread.
   *
   * @return whether the task is that of the rebuild that runs
   */
  boolean cancel(StorageTask task) {
    Streaming now = running;
    if (now == null || now.task() != task) {
      return false;
    }
    shard.execute(() -> {
      if (running == now) {
        running = null;
        now.stop("cancelled; 'nodetool rebuild' goes on where it was");
      }
    });
    return true;
  }

  /**
   * Begins, when this node knows all that was changed before it was asked. Safe from any thread;
   * what is given is called on the shard.
   *
   * @param datacenter where the rows come from
   * @param keyspace only this one; null: all that both data centres have
   * @param begun hears what can be watched, when it has begun
   * @param refused hears the reason when it cannot be done
   * @param finished called when all is here; not when ownership has changed meanwhile
   */
  void start(
      String datacenter,
      @Nullable String keyspace,
      Consumer<StorageTask> begun,
      Consumer<? super String> refused,
      Runnable finished) {
    long deadlineNanos = streamings.environment().clock().nanos() + CATCH_UP_NANOS;
    ring.catchUp(
        deadlineNanos,
        failure -> {
          if (failure != null) {
            refused.accept("what is to be fetched is not known: " + failure);
            return;
          }
          StorageTask task;
          try {
            task = start(datacenter, keyspace, finished);
          } catch (IllegalArgumentException e) {
            refused.accept(String.valueOf(e.getMessage()));
            return;
          }
          begun.accept(task);
        });
  }

  private StorageTask start(String datacenter, @Nullable String keyspace, Runnable finished) {
    ClusterMetadata metadata = ring.metadata();
    if (running != null) {
      throw new IllegalArgumentException("this node is being rebuilt already: see 'netstats'");
    }
    if (metadata.isChanging()) {
      throw new IllegalArgumentException("ownership is changing: wait until that is over");
    }
    List<Streaming.Piece> pieces = pieces(metadata, hostId, datacenter, keyspace, alive);
    StorageTask task = new StorageTask(StorageTask.Kind.STREAM, "rebuild from " + datacenter);
    tasks.accept(task);
    runningFor = metadata.ownershipEpoch();
    Streaming begun =
        streamings.of(
            pieces,
            FILE,
            runningFor,
            () -> 1,
            () -> {
              running = null;
              finished.run();
            },
            task);
    running = begun;
    begun.start();
    return task;
  }

  /** How far it is; null when nothing is fetched. Safe for concurrent use. */
  Streaming.@Nullable Progress progress() {
    Streaming now = running;
    return now == null ? null : now.progress();
  }

  /** What a node has to fetch from another data centre. Pure. */
  static List<Streaming.Piece> pieces(
      ClusterMetadata metadata,
      UUID self,
      String datacenter,
      @Nullable String only,
      Predicate<UUID> alive) {
    if (metadata.nodes().stream().noneMatch(node -> node.datacenter().equals(datacenter))) {
      throw new IllegalArgumentException("there is no data centre '" + datacenter + "'");
    }
    NodeInfo here = metadata.node(self);
    if (here != null && here.datacenter().equals(datacenter)) {
      throw new IllegalArgumentException(
          "this node is in " + datacenter + " itself: name the data centre that has the rows");
    }
    if (only != null && metadata.keyspace(only) == null) {
      throw new IllegalArgumentException("keyspace '" + only + "' does not exist");
    }
    List<Streaming.Piece> pieces = new ArrayList<>();
    for (KeyspaceMetadata keyspace : metadata.keyspaces()) {
      boolean isWanted = only == null || keyspace.name().equals(only);
      if (isWanted && keyspace.replication() instanceof Replication.NetworkTopology) {
        addPieces(pieces, metadata, keyspace, self, datacenter, alive);
      }
    }
    if (pieces.isEmpty()) {
      throw new IllegalArgumentException(
          "no keyspace has replicas both here and in "
              + datacenter
              + ": add this data centre to its replication first (ALTER KEYSPACE)");
    }
    return pieces;
  }

  private static void addPieces(
      List<Streaming.Piece> pieces,
      ClusterMetadata metadata,
      KeyspaceMetadata keyspace,
      UUID self,
      String datacenter,
      Predicate<UUID> alive) {
    TokenRing tokens = metadata.ring();
    long first = Long.MIN_VALUE;
    while (true) {
      long last = tokens.lastTokenOfRange(first);
      List<NodeInfo> replicas = metadata.replicas(keyspace.name(), first);
      if (replicas.stream().anyMatch(replica -> replica.hostId().equals(self))) {
        for (NodeInfo source : sources(replicas, datacenter, self, alive)) {
          for (TableMetadata table : keyspace.tables().values()) {
            pieces.add(new Streaming.Piece(source, table.id(), first, last));
          }
        }
      }
      if (last == Long.MAX_VALUE) {
        return;
      }
      first = last + 1;
    }
  }

  /** A majority of a range's replicas in a data centre, of those that are alive. */
  private static List<NodeInfo> sources(
      List<NodeInfo> replicas, String datacenter, UUID self, Predicate<UUID> alive) {
    List<NodeInfo> there =
        replicas.stream()
            .filter(replica -> replica.datacenter().equals(datacenter))
            .filter(replica -> !replica.hostId().equals(self))
            .toList();
    List<NodeInfo> living = there.stream().filter(replica -> alive.test(replica.hostId())).toList();
    int wanted = there.isEmpty() ? 0 : there.size() / 2 + 1;
    if (living.size() < wanted) {
      throw new IllegalArgumentException(
          "of the replicas "
              + there.stream().map(NodeInfo::internode).toList()
              + " fewer than a majority is alive: rows might be missing");
    }
    return living.subList(0, wanted);
  }
}
