package io.quorate.hintedhandoff;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.FileSystem.Operation;
import io.quorate.environment.simulated.SimulatedHost;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/**
 * If this fails, a write that a down node missed never reaches it, or a full disk takes the rest.
 */
class HintedHandoffTest {
  private static final long MILLI = 1_000_000L;
  private static final long SECOND = 1_000 * MILLI;
  private static final Path DIRECTORY = Path.of("/data/hints");
  private static final UUID A = new UUID(0, 10);
  private static final UUID B = new UUID(0, 11);

  private final List<HintOutcome> outcomes = new ArrayList<>();

  /** A machine with a store and a dispatcher, and what the targets have received. */
  private static final class Node implements HintSender {
    final SimulatedWorld world;
    final SimulatedHost host;
    HintConfig config;
    final List<String> received = new ArrayList<>();
    final Set<UUID> reachable = new LinkedHashSet<>();
    int inflight;
    int maxInflight;
    int answersLeft = Integer.MAX_VALUE;
    HintStore store;
    HintDispatcher dispatcher;
    private Environment environment;
    @Nullable IOException openFailure;

    Node(long seed, HintConfig config) {
      this.world = new SimulatedWorld(seed);
      this.host = world.addHost("n1", 2);
      this.config = config;
      this.environment = host.boot();
      this.store = new HintStore(environment, DIRECTORY, config);
      this.dispatcher = new HintDispatcher(environment.shards().get(0), store, config, this);
      begin();
    }

    void reboot() {
      environment = host.boot();
      store = new HintStore(environment, DIRECTORY, config);
      dispatcher = new HintDispatcher(environment.shards().get(0), store, config, this);
      inflight = 0;
      begin();
    }

    private void begin() {
      store.open(failure -> openFailure = failure);
      dispatcher.start();
      world.runFor(SECOND);
      assertThat(openFailure).isNull();
    }

    /** Writes on one of the shards. */
    void write(UUID target, String mutation, boolean isDurable, Consumer<HintOutcome> callback) {
      environment
          .shards()
          .get(mutation.hashCode() & 1)
          .execute(() ->
              store.write(target, mutation.getBytes(StandardCharsets.UTF_8), isDurable, callback));
    }

    @Override
    public void send(UUID target, byte[] mutation, Consumer<Boolean> acknowledged) {
      inflight++;
      maxInflight = Math.max(maxInflight, inflight);
      world.after(
          MILLI + world.random().nextLong(MILLI),
          () -> {
            inflight--;
            boolean arrives = reachable.contains(target) && answersLeft-- > 0;
            if (arrives) {
              received.add(new String(mutation, StandardCharsets.UTF_8));
            }
            acknowledged.accept(arrives);
          });
    }

    long pendingHints() {
      return store.stats().targets().stream().mapToLong(HintStats.Target::hints).sum();
    }

    long files() {
      return host.disk().files().stream().filter(p -> p.toString().endsWith(".hints")).count();
    }
  }

  private static String word(int i) {
    return String.format("mutation %05d", i);
  }

  private static List<String> words(int count) {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      words.add(word(i));
    }
    return words;
  }

  private void writeAll(Node node, UUID target, int count) {
    for (int i = 0; i < count; i++) {
      node.write(target, word(i), false, outcomes::add);
    }
    node.world.runFor(2 * SECOND);
  }

  @Test
  void hintsReachTheTargetWhenItIsBackAndLeaveNoFile() {
    Node node = new Node(1, HintConfig.DEFAULT.withRoom(1 << 20, 1 << 20, 4_096));
    node.dispatcher.targetDown(A);
    writeAll(node, A, 1_000);
    assertThat(outcomes).hasSize(1_000).containsOnly(HintOutcome.STORED);
    assertThat(node.pendingHints()).isEqualTo(1_000);

    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    node.world.runFor(10 * SECOND);

    assertThat(node.received).hasSize(1_000).containsExactlyInAnyOrderElementsOf(words(1_000));
    assertThat(node.maxInflight).isLessThanOrEqualTo(HintConfig.DEFAULT.maxInflight());
    assertThat(node.pendingHints()).isZero();
    assertThat(node.files()).isZero();
    assertThat(node.store.stats().delivered()).isEqualTo(1_000);
  }

  @Test
  void eachTargetGetsItsOwn() {
    Node node = new Node(2, HintConfig.DEFAULT);
    node.write(A, "for a", false, outcomes::add);
    node.write(B, "for b", false, outcomes::add);
    node.world.runFor(SECOND);
    node.reachable.add(B);
    node.dispatcher.targetAlive(B);
    node.world.runFor(SECOND);

    assertThat(node.received).containsExactly("for b");
    assertThat(node.store.stats().targets())
        .extracting(HintStats.Target::target)
        .containsExactly(A);
  }

  @Test
  void aDeliveryThatBreaksOffGoesOnWhereItStopped() {
    Node node = new Node(3, HintConfig.DEFAULT.withDelivery(4, 1 << 30, 1_000));
    writeAll(node, A, 500);
    node.reachable.add(A);
    node.answersLeft = 200;
    node.dispatcher.targetAlive(A);
    node.world.runFor(2 * SECOND);
    assertThat(node.received).hasSize(200);
    node.dispatcher.targetDown(A);
    node.world.runFor(SECOND);
    node.host.crash();
    node.answersLeft = Integer.MAX_VALUE;
    node.reboot();
    node.dispatcher.targetAlive(A);
    node.world.runFor(10 * SECOND);

    assertThat(node.received).containsAll(words(500));
    // At most a window of hints is sent twice.
    assertThat(node.received.size()).isLessThan(500 + 10);
    assertThat(node.files()).isZero();
  }

  @Test
  void aFailedDeliveryIsTriedAgainWithoutBeingTold() {
    Node node = new Node(4, HintConfig.DEFAULT);
    writeAll(node, A, 50);
    node.dispatcher.targetAlive(A);
    node.world.runFor(SECOND);
    assertThat(node.received).isEmpty();
    node.reachable.add(A);
    node.world.runFor(10 * SECOND);

    assertThat(node.received).hasSize(50);
  }

  @Test
  void aHintForANodeThatIsAliveIsDeliveredToo() {
    Node node = new Node(5, HintConfig.DEFAULT);
    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    writeAll(node, A, 5);
    node.world.runFor(10 * SECOND);

    assertThat(node.received).hasSize(5);
  }

  @Test
  void whatFindsNoRoomIsRefusedAndRoomComesBack() {
    Node node = new Node(6, HintConfig.DEFAULT.withRoom(4_000, 6_000, 1_000));
    writeAll(node, A, 200);
    writeAll(node, B, 200);
    assertThat(outcomes)
        .contains(HintOutcome.STORED, HintOutcome.TARGET_FULL, HintOutcome.STORE_FULL);
    assertThat(node.store.stats().refused()).isPositive();
    long bytes = 0;
    for (Path file : node.host.disk().files()) {
      bytes += size(node, file);
    }
    assertThat(bytes).isLessThan(6_500);

    node.reachable.addAll(List.of(A, B));
    node.dispatcher.targetAlive(A);
    node.dispatcher.targetAlive(B);
    node.world.runFor(5 * SECOND);
    outcomes.clear();
    writeAll(node, A, 50);
    assertThat(outcomes).hasSize(50).containsOnly(HintOutcome.STORED);
  }

  private static long size(Node node, Path file) {
    try {
      return node.host.disk().size(file);
    } catch (IOException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void afterTheWindowNothingIsTakenInEvenAcrossARestart() {
    Node node = new Node(7, HintConfig.DEFAULT.withTimes(60 * SECOND, 3_600));
    node.dispatcher.targetDown(A);
    writeAll(node, A, 3);
    node.world.runFor(30 * SECOND);
    node.host.kill();
    node.world.runFor(31 * SECOND);
    node.reboot();
    node.dispatcher.targetDown(A);
    outcomes.clear();
    writeAll(node, A, 3);
    assertThat(outcomes).containsOnly(HintOutcome.WINDOW_OVER);
    node.dispatcher.targetAlive(A);
    outcomes.clear();
    writeAll(node, A, 3);
    assertThat(outcomes).containsOnly(HintOutcome.STORED);
  }

  @Test
  void expiredHintsAreDroppedAndCounted() {
    Node node = new Node(8, HintConfig.DEFAULT.withTimes(3_600 * SECOND, 60));
    writeAll(node, A, 10);
    node.world.runFor(120 * SECOND);
    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    node.world.runFor(SECOND);

    assertThat(node.received).isEmpty();
    assertThat(node.store.stats().expired()).isEqualTo(10);
    assertThat(node.files()).isZero();
  }

  @Test
  void theThrottleHolds() {
    Node node = new Node(9, HintConfig.DEFAULT.withDelivery(32, 1_400, 1_000));
    writeAll(node, A, 1_000);
    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    node.world.runFor(5 * SECOND);

    // 14 bytes each: 100 a second, and a batch in advance.
    assertThat(node.received.size()).isBetween(300, 600);
  }

  @Test
  void truncatedHintsAreGone() {
    Node node = new Node(10, HintConfig.DEFAULT);
    writeAll(node, A, 10);
    List<String> done = new ArrayList<>();
    node.store.truncate(A, () -> done.add("done"));
    node.world.runFor(SECOND);
    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    node.world.runFor(SECOND);

    assertThat(done).hasSize(1);
    assertThat(node.received).isEmpty();
    assertThat(node.files()).isZero();
  }

  @Test
  void aFailedSyncIsToldAndTheNextHintIsStored() {
    Node node = new Node(11, HintConfig.DEFAULT);
    node.host.disk().fail(Operation.SYNC, ".hints");
    node.write(A, "no", true, outcomes::add);
    node.world.runFor(SECOND);
    node.host.disk().heal();
    node.write(A, "yes", true, outcomes::add);
    node.world.runFor(SECOND);

    assertThat(outcomes).containsExactly(HintOutcome.FAILED, HintOutcome.STORED);
  }

  @Test
  void aDamagedFileGivesWhatIsGoodAndIsCounted() throws IOException {
    Node node = new Node(12, HintConfig.DEFAULT);
    writeAll(node, A, 100);
    Path file = node.host.disk().files().getFirst();
    node.host.kill();
    node.host.disk().flipBit(file, 8L * (HintFile.HEADER_BYTES + 50 * (24 + 14) + 30));
    node.reboot();
    node.reachable.add(A);
    node.dispatcher.targetAlive(A);
    node.world.runFor(SECOND);

    assertThat(node.received).as("one hint is lost").hasSize(99);
    assertThat(node.store.stats().damagedBytes()).isEqualTo(24 + 14);
    assertThat(node.files()).isZero();
  }

  @Test
  void aFileThatIsNoHintFileIsSetAside() throws IOException {
    Node node = new Node(13, HintConfig.DEFAULT);
    writeAll(node, A, 3);
    Path file = node.host.disk().files().getFirst();
    node.host.kill();
    node.host.disk().flipBit(file, 3);
    node.reboot();

    assertThat(node.host.disk().files().toString()).contains(".damaged");
    assertThat(node.pendingHints()).isZero();
  }

  /**
   * Power fails at any disk operation: durable hints arrive, and nothing arrives that was not sent.
   */
  @Test
  void aPowerLossAtAnyMomentLosesNoDurableHint() {
    for (long seed = 1; seed <= 150; seed++) {
      Node node = new Node(seed, HintConfig.DEFAULT.withRoom(1 << 20, 1 << 20, 500));
      Set<String> durable = new LinkedHashSet<>();
      Set<String> written = new LinkedHashSet<>();
      int count = 0;
      for (int life = 0; life < 3; life++) {
        node.host.disk().losePowerAt(1 + node.world.random().nextInt(60));
        for (int i = 0; i < 60 && node.host.isUp(); i++) {
          String word = word(count++);
          boolean isDurable = node.world.random().nextInt(3) == 0;
          written.add(word);
          node.write(
              A,
              word,
              isDurable,
              outcome -> {
                if (isDurable && outcome == HintOutcome.STORED) {
                  durable.add(word);
                }
              });
          if (i == 30 && life == 1) {
            node.reachable.add(A);
            node.dispatcher.targetAlive(A);
          }
          node.world.runFor(node.world.random().nextLong(2 * MILLI));
        }
        node.host.disk().cancelPowerLoss();
        node.host.crash();
        node.reboot();
      }
      node.reachable.add(A);
      node.dispatcher.targetAlive(A);
      node.world.runFor(10 * SECOND);
      assertThat(node.received).as("seed " + seed).containsAll(durable);
      assertThat(written).as("seed " + seed).containsAll(node.received);
      assertThat(node.files()).as("seed " + seed).isZero();
    }
  }
}
