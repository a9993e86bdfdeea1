package io.quorate.node;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.RequestFailure;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.coordinator.metadata.Transition;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.IntSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's part in changes of ownership ({@link Transition}). It looks at the metadata whenever
 * they change, and does what they want of it: says that it knows a step, once none of its shards
 * plans under the one before, and no later life of it will; fetches what it will own; and ends when
 * it was taken out.
 *
 * <p>Owned by the metadata ring's shard.
 */
final class Transitions {
  private static final Logger log = LoggerFactory.getLogger(Transitions.class);
  private static final long ATTEMPT_NANOS = TimeUnit.SECONDS.toNanos(5);
  private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Environment environment;
  private final Shard shard;
  private final UUID hostId;
  private final RaftMetadataRing ring;
  private final Streamings streamings;
  private final Runnable begins;
  private final Consumer<Runnable> beforeLeaving;
  private final Runnable takenOut;

  /** The steps that this node is about to say it knows, or has said so, by transition. */
  private final Map<Long, Transition.Step> acknowledging = new TreeMap<>();

  /** What it fetches, by transition. Written by the shard, read by any thread. */
  private final Map<Long, Streaming> streaming = new ConcurrentSkipListMap<>();

  private boolean isOut;

  private record Step(long transition, Transition.Step step) {}

  /** Makes what fetches rows for a transition. */
  interface Streamings {
    /**
     * @param share how many fetch into this node now, which share what may come a second
     * @param finished run when all is here
     */
    Streaming of(
        ClusterMetadata metadata, Transition transition, IntSupplier share, Runnable finished);

    /** What was noted for transitions that are over is not needed any more. */
    void forgetOver(ClusterMetadata metadata);
  }

  /**
   * @param begins called before this node says that it knows a step
   * @param beforeLeaving called when all but this node's leaving is done; the cluster goes on with
   *     that when it runs what it is given
   * @param takenOut called once, when this node is not of the cluster any more
   */
  Transitions(
      Environment environment,
      Shard shard,
      UUID hostId,
      RaftMetadataRing ring,
      Streamings streamings,
      Runnable begins,
      Consumer<Runnable> beforeLeaving,
      Runnable takenOut) {
    this.environment = environment;
    this.shard = shard;
    this.hostId = hostId;
    this.ring = ring;
    this.streamings = streamings;
    this.begins = begins;
    this.beforeLeaving = beforeLeaving;
    this.takenOut = takenOut;
  }

  /** Begins to follow the metadata. */
  void start() {
    ring.onMetadata(newer -> shard.execute(this::look));
    shard.execute(this::look);
    // What ended while this node was down.
    ring.whenSettled(() -> streamings.forgetOver(ring.metadata()));
  }

  /** How far this node's fetching is, by transition. Safe for concurrent use. */
  Map<Long, Streaming.Progress> progress() {
    Map<Long, Streaming.Progress> progress = new TreeMap<>();
    streaming.forEach((transition, fetching) -> progress.put(transition, fetching.progress()));
    return progress;
  }

  private void look() {
    ClusterMetadata metadata = ring.metadata();
    stopOver(metadata);
    if (metadata.isRemoved(hostId) && !isOut) {
      isOut = true;
      takenOut.run();
    }
    for (Transition transition : isOut ? List.<Transition>of() : metadata.transitions()) {
      if (transition.awaited().contains(hostId)) {
        acknowledge(new Step(transition.number(), transition.step()));
      }
      if (transition.mayStream() && transition.receivers().contains(hostId)) {
        stream(metadata, transition);
      }
    }
  }

  /** What was done for transitions that have ended, or were cancelled. */
  private void stopOver(ClusterMetadata metadata) {
    List<Long> underWay = metadata.transitions().stream().map(Transition::number).toList();
    acknowledging.keySet().retainAll(underWay);
    for (long transition : new ArrayList<>(streaming.keySet())) {
      Streaming over = underWay.contains(transition) ? null : streaming.remove(transition);
      if (over != null) {
        over.stop("the change of ownership ended");
        streamings.forgetOver(metadata);
      }
    }
  }

  private void acknowledge(Step step) {
    if (acknowledging.put(step.transition(), step.step()) != step.step()) {
      begins.run();
      // Twice: what a shard began under the step before may have handed something to another. And
      // remembered, or after a power loss this node would plan under the step before again.
      passShards(0, () -> passShards(0, () -> ring.whenRemembered(() -> acknowledged(step))));
    }
  }

  private void acknowledged(Step step) {
    Transition now = ring.metadata().transition(step.transition());
    boolean leaves =
        now != null
            && now.kind() == Transition.Kind.LEAVE
            && now.node().hostId().equals(hostId)
            && step.step() == Transition.Step.READ_NEW;
    if (leaves) {
      beforeLeaving.accept(() -> sayKnown(step));
    } else {
      sayKnown(step);
    }
  }

  private void passShards(int index, Runnable then) {
    if (index == environment.shards().count()) {
      shard.execute(then);
    } else {
      environment.shards().get(index).execute(() -> passShards(index + 1, then));
    }
  }

  private void sayKnown(Step step) {
    propose(
        new MetadataChange.AcknowledgeStep(step.transition(), step.step(), hostId),
        () -> acknowledging.get(step.transition()) == step.step() && isAwaited(step));
  }

  private boolean isAwaited(Step step) {
    Transition now = ring.metadata().transition(step.transition());
    return now != null && now.step() == step.step() && now.awaited().contains(hostId);
  }

  private void stream(ClusterMetadata metadata, Transition transition) {
    long number = transition.number();
    if (!streaming.containsKey(number)) {
      log.info(
          "fetching what this node will own, for the {} of node {}",
          transition.kind(),
          transition.node().hostId());
      Streaming begun =
          streamings.of(metadata, transition, streaming::size, () -> sayFetched(number));
      streaming.put(number, begun);
      begun.start();
    }
  }

  private void sayFetched(long number) {
    propose(
        new MetadataChange.FinishStreaming(number, hostId),
        () -> {
          Transition now = ring.metadata().transition(number);
          return now != null && now.receivers().contains(hostId);
        });
  }

  /** Has a change ordered, again and again until nobody waits for it any more. */
  private void propose(MetadataChange change, BooleanSupplier stillWanted) {
    if (!stillWanted.getAsBoolean()) {
      return;
    }
    ring.change(
        change,
        environment.clock().nanos() + ATTEMPT_NANOS,
        new Answer<>() {
          @Override
          public void succeeded(ChangeOutcome outcome) {
            again();
          }

          @Override
          public void failed(RequestFailure failure) {
            again();
          }

          private void again() {
            shard.execute(() -> {
              if (stillWanted.getAsBoolean()) {
                shard.schedule(PAUSE_NANOS, () -> propose(change, stillWanted));
              }
            });
          }
        });
  }
}
