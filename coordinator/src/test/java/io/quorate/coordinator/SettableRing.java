package io.quorate.coordinator;

import io.quorate.coordinator.Coordinator.Answer;
import io.quorate.coordinator.metadata.ChangeOutcome;
import io.quorate.coordinator.metadata.ClusterMetadata;
import io.quorate.coordinator.metadata.MetadataChange;
import io.quorate.environment.Environment;
import io.quorate.environment.Shard;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** One node's view of a metadata ring, which learns what a test tells it, when it tells it. */
final class SettableRing implements MetadataRing {
  private record Waiter(long epoch, long deadlineNanos, Shard shard, Runnable then) {}

  private final Environment environment;
  private final List<Waiter> waiters = new ArrayList<>();
  private ClusterMetadata metadata;
  boolean hasMajority = true;

  SettableRing(Environment environment, ClusterMetadata metadata) {
    this.environment = environment;
    this.metadata = metadata;
  }

  void adopt(ClusterMetadata newer) {
    metadata = newer;
    for (Waiter waiter : List.copyOf(waiters)) {
      if (waiter.epoch <= newer.epoch()) {
        waiters.remove(waiter);
        if (environment.clock().nanos() < waiter.deadlineNanos) {
          waiter.shard.execute(waiter.then);
        }
      }
    }
  }

  @Override
  public ClusterMetadata metadata() {
    return metadata;
  }

  @Override
  public void whenApplied(long epoch, long deadlineNanos, Runnable then) {
    if (metadata.epoch() >= epoch) {
      then.run();
    } else {
      waiters.add(new Waiter(epoch, deadlineNanos, environment.shards().currentOrFirst(), then));
    }
  }

  @Override
  public void whenRemembered(Runnable then) {
    then.run();
  }

  @Override
  public void change(MetadataChange change, long deadlineNanos, Answer<ChangeOutcome> answer) {
    throw new UnsupportedOperationException("a test changes the metadata by itself");
  }

  @Override
  public void catchUp(long deadlineNanos, Consumer<@Nullable String> done) {
    done.accept(hasMajority ? null : "the metadata ring has no majority");
  }

  @Override
  public void onMetadata(Consumer<ClusterMetadata> onNewer) {
    throw new UnsupportedOperationException("nobody listens here");
  }
}
