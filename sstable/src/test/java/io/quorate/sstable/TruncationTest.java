package io.quorate.sstable;

import static io.quorate.sstable.EngineFixture.TABLE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quorate.environment.Shard;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/** Rows that a TRUNCATE removed must not come back by writes that were on their way before it. */
class TruncationTest {
  private static final Path FILE = EngineFixture.DIRECTORY.resolve("TRUNCATIONS");

  private final EngineFixture fixture = new EngineFixture();

  TruncationTest() throws IOException {}

  private void truncate(long epoch) {
    fixture.succeed(done -> fixture.engine.truncate(TABLE, epoch, done));
  }

  private ApplyOutcome put(String value, long epoch) {
    Mutation mutation = fixture.mutation(TABLE, "key", value);
    Shard owner = fixture.environment.shards().owner(mutation.token());
    List<ApplyOutcome> outcomes = new ArrayList<>();
    owner.execute(() -> fixture.engine.apply(mutation, epoch, owner, outcomes::add));
    fixture.world.runUntil(() -> !outcomes.isEmpty(), 1_000_000_000L);
    return outcomes.getFirst();
  }

  @Test
  void whatWasPlannedBeforeIsRefusedAlsoAfterARestart() throws IOException {
    assertThat(put("old", 6)).isEqualTo(ApplyOutcome.APPLIED);
    truncate(7);
    assertThat(put("late", 6)).isEqualTo(new ApplyOutcome.Truncated(TABLE, 7));
    fixture.host.crash();
    fixture.reopen();
    assertThat(put("later", 6)).isEqualTo(new ApplyOutcome.Truncated(TABLE, 7));
    assertThat(fixture.value("key")).isNull();
    assertThat(put("new", 7)).isEqualTo(ApplyOutcome.APPLIED);
    assertThat(fixture.value("key")).isEqualTo("new");
  }

  /** A node that starts again reads of old truncations in the cluster's log. */
  @Test
  void aTruncationIsDoneOnce() throws IOException {
    truncate(7);
    put("new", 8);
    truncate(7);
    truncate(6);
    fixture.host.crash();
    fixture.reopen();
    truncate(7);
    assertThat(fixture.value("key")).isEqualTo("new");
    truncate(9);
    assertThat(fixture.value("key")).isNull();
  }

  @Test
  void oneThatThePowerInterruptedIsDoneAgain() throws IOException {
    put("old", 6);
    fixture.engine.truncate(TABLE, 7, done -> {});
    fixture.host.crash();
    fixture.reopen();
    truncate(7);
    assertThat(fixture.value("key")).isNull();
  }

  @Test
  void aTableThatIsGoneIsForgotten() throws IOException {
    truncate(7);
    fixture.succeed(done -> fixture.engine.dropTable(TABLE, done));
    UUID next = new UUID(9, 9);
    fixture.createTable(next, TableSettings.DEFAULT);
    fixture.succeed(done -> fixture.engine.truncate(next, 8, done));
    Truncations stored = Truncations.load(fixture.host.disk(), EngineFixture.DIRECTORY);
    assertThat(stored.epochOf(TABLE)).isZero();
    assertThat(stored.epochOf(next)).isEqualTo(8);
  }

  /** Taken for none, a truncation would be done once more, and rows of after it would go. */
  @Test
  void aDamagedFileKeepsTheNodeFromStarting() throws IOException {
    truncate(7);
    long size = fixture.host.disk().size(FILE);
    fixture.host.crash();
    for (long bit = 0; bit < size * 8; bit++) {
      long damaged = bit;
      fixture.host.disk().flipBit(FILE, damaged);
      assertThatThrownBy(() -> Truncations.load(fixture.host.disk(), EngineFixture.DIRECTORY))
          .isInstanceOf(IOException.class)
          .hasMessageContaining("TRUNCATIONS");
      fixture.host.disk().flipBit(FILE, damaged);
    }
  }
}
