package io.quorate.hintedhandoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.simulated.SimulatedFileSystem;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Hints that a disk has damaged must not be delivered as other writes, nor keep others from being
 * delivered. The rows are those of docs/failures.md.
 */
class BadDiskTest {
  private static final long SECOND = 1_000_000_000L;
  private static final Path DIRECTORY = Path.of("/data/hints");
  private static final UUID TARGET = new UUID(0, 10);
  private static final int HINTS = 20;
  private static final int HINT_BYTES = HintFile.HINT_HEADER_BYTES + "hint 00".length();

  private final SimulatedWorld world = new SimulatedWorld(1);
  private final SimulatedHost host = world.addHost("n1", 1);
  private final SimulatedFileSystem disk = host.disk();
  private final Set<String> written = new LinkedHashSet<>();
  private final Set<String> stored = new LinkedHashSet<>();
  private final List<String> received = new ArrayList<>();
  private @Nullable HintStore store;
  private @Nullable HintDispatcher dispatcher;

  /** Null, or why the store could not be opened. */
  private @Nullable IOException boot() {
    Environment environment = host.boot();
    HintStore opened = new HintStore(environment, DIRECTORY, HintConfig.DEFAULT);
    List<@Nullable IOException> answer = new ArrayList<>();
    opened.open(answer::add);
    dispatcher =
        new HintDispatcher(
            environment.shards().get(0),
            opened,
            HintConfig.DEFAULT,
            (target, mutation, acknowledged) -> {
              received.add(new String(mutation, StandardCharsets.UTF_8));
              world.after(1_000, () -> acknowledged.accept(true));
            });
    dispatcher.start();
    store = opened;
    world.runUntil(() -> !answer.isEmpty(), SECOND);
    return answer.getFirst();
  }

  private void write(int count) {
    HintStore open = Objects.requireNonNull(store);
    for (int i = 0; i < count; i++) {
      String hint = String.format("hint %02d", written.size());
      written.add(hint);
      open.write(
          TARGET,
          hint.getBytes(StandardCharsets.UTF_8),
          true,
          outcome -> {
            if (outcome == HintOutcome.STORED) {
              stored.add(hint);
            }
          });
    }
    world.runFor(SECOND);
  }

  private void deliver() {
    Objects.requireNonNull(dispatcher).targetAlive(TARGET);
    world.runFor(60 * SECOND);
  }

  @ParameterizedTest
  @CsvSource({
    // harm, hints that still arrive, whether the file is kept aside
    "HEADER_FLIPPED, 0, true",
    "HINT_FLIPPED, 19, false",
    "LENGTH_FLIPPED, 19, false",
    "HALVED, 9, false",
    "EMPTIED, 0, true",
    "LOST, 0, false",
  })
  void aFileDamagedAtStart(String harm, int arrive, boolean aside) throws IOException {
    assertThat(boot()).isNull();
    write(HINTS);
    assertThat(stored).hasSize(HINTS);
    host.kill();
    Path file = disk.files().getFirst();
    long hint = HintFile.HEADER_BYTES + 9L * HINT_BYTES;
    switch (harm) {
      case "HEADER_FLIPPED" -> disk.flipBit(file, 8 * 10);
      case "HINT_FLIPPED" -> disk.flipBit(file, 8 * (hint + HINT_BYTES - 2));
      case "LENGTH_FLIPPED" -> disk.flipBit(file, 8 * (hint + 7));
      case "HALVED" -> disk.cutOff(file, hint + 3);
      case "EMPTIED" -> disk.cutOff(file, 0);
      default -> disk.lose(file);
    }
    assertThat(boot()).isNull();
    assertThat(Objects.requireNonNull(store).stats().damagedBytes() > 0)
        .isEqualTo(!harm.equals("LOST") && !harm.equals("EMPTIED"));
    deliver();
    assertThat(received).hasSize(arrive).isSubsetOf(written).doesNotHaveDuplicates();
    assertThat(disk.files().toString().contains(".damaged")).isEqualTo(aside);

    write(3);
    deliver();
    assertThat(received).hasSize(arrive + 3);
    assertThat(disk.files().stream().filter(path -> path.toString().endsWith(".hints"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"OPEN", "READ"})
  void anErrorAtStartIsNoDamage(Operation operation) {
    assertThat(boot()).isNull();
    write(HINTS);
    host.kill();
    disk.fail(operation, ".hints");
    assertThat(boot()).isNotNull().hasMessageContaining(DIRECTORY + "/" + TARGET);
    host.kill();
    disk.heal();
    assertThat(boot()).isNull();
    deliver();
    assertThat(received).hasSize(HINTS);
  }

  @ParameterizedTest
  @CsvSource({"OPEN", "READ", "WRITE", "SYNC", "RENAME", "DELETE", "FULL", "READ_ONLY"})
  void aBadDiskWhileItRuns(String fault) {
    assertThat(boot()).isNull();
    write(5);
    switch (fault) {
      case "FULL" -> disk.capacity(1);
      case "READ_ONLY" -> disk.readOnly(true);
      default -> disk.fail(Operation.valueOf(fault), DIRECTORY.toString());
    }
    for (int round = 0; round < 5; round++) {
      write(2);
    }
    deliver();
    disk.heal();
    disk.capacity(Long.MAX_VALUE);
    disk.readOnly(false);
    write(5);
    deliver();
    host.kill();
    assertThat(boot()).isNull();
    deliver();
    assertThat(received).containsAll(stored).isSubsetOf(written);
    assertThat(stored).hasSizeGreaterThanOrEqualTo(10);
    assertThat(disk.files()).as("nothing is left").isEmpty();
  }
}
