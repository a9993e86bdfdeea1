package io.quorate.node;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.raft.RaftNode;
import io.quorate.raft.Role;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets a cluster be upgraded node by node: what not every build can do, nobody does before all
 * nodes know it. Each node says in its registration what it knows; the metadata ring's leader has a
 * feature switched on ({@link ClusterMetadata#features}) once every member knows it. From then on a
 * node that does not is refused.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class FeatureSwitch {
  private static final Logger log = LoggerFactory.getLogger(FeatureSwitch.class);
  private static final long LOOK_EVERY_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Environment environment;
  private final Shard shard;
  private final RaftMetadataRing ring;
  private final RaftNode raft;
  private final SortedSet<String> known;
  private boolean proposing;

  FeatureSwitch(
      Environment environment,
      Shard shard,
      RaftMetadataRing ring,
      RaftNode raft,
      SortedSet<String> known) {
    this.environment = environment;
    this.shard = shard;
    this.ring = ring;
    this.raft = raft;
    this.known = known;
  }

  /** Begins to look after the features. */
  void start() {
    ring.onMetadata(newer -> shard.execute(this::look)); // a node has said what it knows
    lookFromTimeToTime();
  }

  private void lookFromTimeToTime() {
    look();
    shard.schedule(LOOK_EVERY_NANOS, this::lookFromTimeToTime);
  }

  private void look() {
    if (proposing || raft.status().role() != Role.LEADER) {
      return;
    }
    ClusterMetadata metadata = ring.metadata();
    for (String feature : known) {
      boolean isDue =
          !metadata.features().contains(feature)
              && metadata.members().stream().allMatch(node -> node.features().contains(feature));
      if (isDue) {
        enable(feature);
        return; // the rest when that is done
      }
    }
  }

  private void enable(String feature) {
    proposing = true;
    ring.change(
        new MetadataChange.EnableFeature(feature),
        environment.clock().nanos() + PATIENCE_NANOS,
        new Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            if (outcome instanceof ChangeOutcome.Applied) {
              log.info("all nodes know {}: it is switched on", feature);
            }
            shard.execute(() -> {
              proposing = false;
              look();
            });
          }

          @Override
          public void failed(RequestFailure failure) {
            shard.execute(() -> proposing = false); // it is seen to again
          }
        });
  }

  /** The features that are switched on and that a build does not know. */
  static SortedSet<String> missing(ClusterMetadata metadata, SortedSet<String> known) {
    SortedSet<String> missing = new TreeSet<>(metadata.features());
    missing.removeAll(known);
    return missing;
  }
}
