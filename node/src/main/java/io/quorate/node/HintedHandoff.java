package io.quorate.node;

import io.quorate.coordinator.HintDelivery;
import io.quorate.coordinator.Hints;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import io.quorate.hintedhandoff.HintConfig;
import io.quorate.hintedhandoff.HintDispatcher;
import io.quorate.hintedhandoff.HintOutcome;
import io.quorate.hintedhandoff.HintStats;
import io.quorate.hintedhandoff.HintStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Hints of this node: kept by the coordinator, delivered when their target is back. */
final class HintedHandoff implements Hints {
  private static final Logger log = LoggerFactory.getLogger(HintedHandoff.class);

  private final HintStore store;
  private final HintDispatcher dispatcher;
  private final HintDelivery delivery;

  HintedHandoff(
      Environment environment,
      Shard shard,
      Path directory,
      HintConfig config,
      HintDelivery delivery) {
    this.delivery = delivery;
    this.store = new HintStore(environment, directory, config);
    this.dispatcher = new HintDispatcher(shard, store, config, delivery::send);
  }

  /** Reads what an earlier life left, and begins to deliver. */
  void open(Consumer<@Nullable IOException> done) {
    store.open(failure -> {
      if (failure == null) {
        dispatcher.start();
      }
      done.accept(failure);
    });
  }

  @Override
  public void keep(UUID target, byte[] hint, @Nullable Runnable stored) {
    store.write(
        target,
        hint,
        stored != null,
        outcome -> {
          if (outcome == HintOutcome.STORED) {
            if (stored != null) {
              stored.run();
            }
          } else {
            log.debug("no hint for {}: {}", target, outcome);
          }
        });
  }

  void targetAlive(UUID target) {
    store.targetAlive(target);
    dispatcher.targetAlive(target);
  }

  void targetDown(UUID target) {
    store.targetDown(target);
    dispatcher.targetDown(target);
  }

  /** Delivers all that is kept, or hands it to others, because this node goes for good. */
  void handOver(long deadlineNanos, Runnable done) {
    delivery.handOn();
    dispatcher.handOver(
        deadlineNanos,
        () -> {
          long left = store.stats().targets().stream().mapToLong(HintStats.Target::hints).sum();
          if (left > 0) {
            log.warn("{} hints could not be handed over: repair brings what they hold", left);
          }
          done.run();
        });
  }

  HintStats stats() {
    return store.stats();
  }

  void stop(Runnable done) {
    dispatcher.stop();
    store.close(done);
  }
}
