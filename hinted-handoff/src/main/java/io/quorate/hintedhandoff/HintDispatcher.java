package io.quorate.hintedhandoff;

import io.quorate.environment.Shard;
import io.quorate.environment.Timer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Delivers hints to targets that are alive, a few targets at a time, and to each a batch after the
 * other: a bounded number of hints in flight, and a pause after a batch as long as the throttle
 * asks for. The next batch is read when the last hint of this one has arrived, so the place up to
 * which all is delivered is always known. When a hint does not arrive, the delivery breaks off
 * there and is taken up again later.
 *
 * <p>All work happens on one shard; the public methods may be called from any thread.
 */
public final class HintDispatcher {
  private static final Logger log = LoggerFactory.getLogger(HintDispatcher.class);

  private static final long HAND_OVER_PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private enum Answer {
    NONE,
    APPLIED,
    FAILED
  }

  private final Shard shard;
  private final HintStore store;
  private final HintConfig config;
  private final HintSender sender;

  private final Set<UUID> alive = new TreeSet<>();
  private final Map<UUID, Delivery> deliveries = new LinkedHashMap<>();
  private @Nullable Timer timer;
  private boolean isRunning;

  /** Whether hints are delivered to targets that do not answer, too: the sender hands them on. */
  private boolean isHandingOver;

  public HintDispatcher(Shard shard, HintStore store, HintConfig config, HintSender sender) {
    this.shard = shard;
    this.store = store;
    this.config = config;
    this.sender = sender;
  }

  /** Begins to deliver to whoever is alive. The store is open. */
  public void start() {
    onShard(() -> {
      isRunning = true;
      look();
    });
  }

  /** Breaks deliveries off; what is in flight may still arrive. */
  public void stop() {
    onShard(() -> {
      isRunning = false;
      if (timer != null) {
        timer.cancel();
      }
      deliveries.values().forEach(Delivery::breakOff);
    });
  }

  /**
   * Delivers all hints, because this node goes for good; those of a target that does not answer
   * too, which the sender has to hand to somebody else. From then on hints do not wait for their
   * targets any more.
   *
   * @param deadlineNanos when to give up what is left, on the monotonic clock
   * @param done called on the shard when nothing is left, or at the deadline
   */
  public void handOver(long deadlineNanos, Runnable done) {
    onShard(() -> {
      isHandingOver = true;
      handOn(deadlineNanos, done);
    });
  }

  private void handOn(long deadlineNanos, Runnable done) {
    store.whenSettled(
        shard,
        () -> {
          boolean isEmpty = store.waitingTargets().isEmpty() && deliveries.isEmpty();
          if (isEmpty || !isRunning || store.nanos() >= deadlineNanos) {
            done.run();
            return;
          }
          store.waitingTargets().forEach(this::begin);
          Timer _ = shard.schedule(HAND_OVER_PAUSE_NANOS, () -> handOn(deadlineNanos, done));
        });
  }

  /** The target answers: its hints are delivered. */
  public void targetAlive(UUID target) {
    store.targetAlive(target);
    onShard(() -> {
      alive.add(target);
      begin(target);
    });
  }

  /** The target does not answer: deliveries to it break off. */
  public void targetDown(UUID target) {
    store.targetDown(target);
    onShard(() -> {
      alive.remove(target);
      Delivery delivery = deliveries.get(target);
      if (delivery != null) {
        delivery.breakOff();
      }
    });
  }

  private void onShard(Runnable task) {
    if (shard.isCurrent()) {
      task.run();
    } else {
      shard.execute(task);
    }
  }

  /** Hints also come for targets that are alive, when one request to them failed. */
  private void look() {
    if (isRunning) {
      timer = shard.schedule(config.retryNanos(), this::look);
      store.waitingTargets().forEach(this::begin);
    }
  }

  private void begin(UUID target) {
    boolean hasRoom = deliveries.size() < config.maxTargets();
    boolean isDue = isHandingOver || alive.contains(target);
    if (isRunning && hasRoom && isDue && !deliveries.containsKey(target)) {
      Delivery delivery = new Delivery(target);
      deliveries.put(target, delivery);
      delivery.readOn();
    }
  }

  private void ended(Delivery delivery) {
    deliveries.remove(delivery.target);
    if (delivery.arrived > 0) {
      log.info("{} hints were delivered to {}", delivery.arrived, delivery.target);
    }
  }

  /** One target's delivery, from when it begins until nothing is left or it breaks off. */
  private final class Delivery {
    final UUID target;
    long arrived;

    private TargetHints.@Nullable Batch batch;
    private Answer[] answers = new Answer[0];
    private int next;
    private int inflight;
    private long batchSequence;
    private boolean isBroken;
    private @Nullable Timer timeout;

    Delivery(UUID target) {
      this.target = target;
    }

    void readOn() {
      if (isBroken) {
        finish();
        return;
      }
      store.next(target, shard, this::take);
    }

    private void take(TargetHints.@Nullable Batch taken) {
      if (taken == null || isBroken) {
        finish();
        return;
      }
      batch = taken;
      batchSequence++;
      answers = new Answer[taken.hints().size()];
      Arrays.fill(answers, Answer.NONE);
      next = 0;
      long sequence = batchSequence;
      timeout =
          shard.schedule(
              config.deliveryTimeoutNanos(),
              () -> {
                if (sequence == batchSequence) {
                  log.warn("{} hints to {} got no answer", inflight, target);
                  inflight = 0;
                  breakOff();
                }
              });
      sendOn();
    }

    private void sendOn() {
      TargetHints.Batch current = batch;
      if (current == null) {
        return;
      }
      while (!isBroken && inflight < config.maxInflight() && next < current.hints().size()) {
        int place = next++;
        long sequence = batchSequence;
        inflight++;
        sender.send(
            target,
            current.hints().get(place).mutation(),
            isApplied -> onShard(() -> answered(sequence, place, isApplied)));
      }
      if (inflight == 0 && (isBroken || next == current.hints().size())) {
        completed(current);
      }
    }

    private void answered(long sequence, int place, boolean isApplied) {
      if (sequence != batchSequence || batch == null || answers[place] != Answer.NONE) {
        return; // an answer that came after the batch was given up, or a second one
      }
      inflight--;
      answers[place] = isApplied ? Answer.APPLIED : Answer.FAILED;
      isBroken |= !isApplied;
      sendOn();
    }

    private void completed(TargetHints.Batch current) {
      batch = null;
      batchSequence++;
      if (timeout != null) {
        timeout.cancel();
      }
      int prefix = 0;
      while (prefix < answers.length && answers[prefix] == Answer.APPLIED) {
        prefix++;
      }
      arrived += prefix;
      if (prefix == answers.length) {
        store.done(target, current.fileNumber(), current.endOffset(), prefix, current.expired());
      } else if (prefix > 0) {
        long offset = current.hints().get(prefix - 1).endOffset();
        store.done(target, current.fileNumber(), offset, prefix, 0);
      }
      if (isBroken) {
        finish();
        return;
      }
      long pauseNanos = current.bytes() * 1_000_000_000L / config.bytesPerSecond();
      if (pauseNanos == 0) {
        readOn();
      } else {
        Timer _ = shard.schedule(pauseNanos, this::readOn);
      }
    }

    void breakOff() {
      isBroken = true;
      TargetHints.Batch current = batch;
      if (current != null && inflight == 0) {
        completed(current);
      }
    }

    private void finish() {
      ended(this);
      if (isBroken) {
        store.checkpoint(target);
      }
    }
  }
}
