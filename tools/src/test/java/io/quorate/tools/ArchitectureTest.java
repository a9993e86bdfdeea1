package io.quorate.tools;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.AccessTarget;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.lang.ArchRule;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * If this breaks, a module knows one that it must not know, or a part of the server touches the
 * world behind the simulator's back and a seed no longer gives the same run twice.
 */
class ArchitectureTest {
  /** What each module may know of the others. */
  private static final Map<String, Set<String>> MAY_KNOW =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry("environment", Set.of()),
              Map.entry("protocol", Set.of()),
              Map.entry("sstable", Set.of("environment")),
              Map.entry("gossip", Set.of("environment")),
              Map.entry("raft", Set.of("environment")),
              Map.entry("hintedhandoff", Set.of("environment")),
              Map.entry(
                  "coordinator",
                  Set.of("environment", "sstable", "gossip", "hintedhandoff", "protocol")),
              Map.entry("cql", Set.of("coordinator", "protocol", "environment", "sstable")),
              Map.entry("client", Set.of("protocol")),
              Map.entry(
                  "node",
                  Set.of(
                      "environment",
                      "protocol",
                      "sstable",
                      "gossip",
                      "raft",
                      "hintedhandoff",
                      "coordinator",
                      "cql")),
              Map.entry(
                  "simulation",
                  Set.of(
                      "environment",
                      "protocol",
                      "sstable",
                      "gossip",
                      "raft",
                      "hintedhandoff",
                      "coordinator",
                      "cql",
                      "node"))));

  /** Ways to the world: a class, or one method of a class. */
  private static final Set<String> WORLD =
      Set.of(
          "java.lang.System.nanoTime",
          "java.lang.System.currentTimeMillis",
          "java.time.Instant.now",
          "java.time.LocalDate.now",
          "java.time.LocalDateTime.now",
          "java.time.ZonedDateTime.now",
          "java.time.Clock.systemUTC",
          "java.time.Clock.systemDefaultZone",
          "java.util.UUID.randomUUID",
          "java.lang.Math.random",
          "java.util.Collections.shuffle",
          "java.util.Collection.parallelStream",
          "java.lang.Thread",
          "java.util.Timer",
          "java.util.Random",
          "java.util.SplittableRandom",
          "java.security.SecureRandom",
          "java.util.concurrent.ThreadLocalRandom",
          "java.util.concurrent.Executors",
          "java.util.concurrent.ForkJoinPool",
          "java.util.concurrent.ThreadPoolExecutor",
          "java.nio.file.Files",
          "java.nio.channels.FileChannel",
          "java.io.FileInputStream",
          "java.io.FileOutputStream",
          "java.io.RandomAccessFile",
          "java.net.Socket",
          "java.net.ServerSocket",
          "java.nio.channels.SocketChannel",
          "java.nio.channels.ServerSocketChannel");

  private static JavaClasses classes;

  @BeforeAll
  static void read() {
    classes =
        new ClassFileImporter()
            .withImportOption(ImportOption.Predefined.DO_NOT_INCLUDE_TESTS)
            .importPackages("io.quorate");
  }

  @Test
  void modulesKnowOnlyWhatTheyMay() {
    List<String> all = new ArrayList<>(MAY_KNOW.keySet());
    all.add("tools");
    MAY_KNOW.forEach((module, known) -> {
      List<String> hidden =
          all.stream()
              .filter(other -> !other.equals(module) && !known.contains(other))
              .map(other -> "io.quorate." + other + "..")
              .toList();
      assertThat(classes.stream().anyMatch(c -> c.getPackageName().startsWith(pack(module))))
          .as("classes of %s were read", module)
          .isTrue();
      noClasses()
          .that()
          .resideInAPackage(pack(module) + "..")
          .should()
          .dependOnClassesThat()
          .resideInAnyPackage(hidden.toArray(String[]::new))
          .check(classes);
    });
  }

  private static String pack(String module) {
    return "io.quorate." + module;
  }

  @Test
  void onlyTheEnvironmentTouchesTheWorld() {
    touchesTheWorld(
            DescribedPredicate.describe(
                "of the server, but not of its edge", ArchitectureTest::mustBeSimulated))
        .check(classes);
  }

  /** Negative control: the rule sees a class that does touch the world. */
  @Test
  void theRuleCanFail() {
    assertThatThrownBy(() ->
            touchesTheWorld(
                    DescribedPredicate.describe(
                        "of the real environment",
                        c -> c.getPackageName().equals("io.quorate.environment.real")))
                .check(classes))
        .isInstanceOf(AssertionError.class)
        .hasMessageContaining("nanoTime");
  }

  private static ArchRule touchesTheWorld(DescribedPredicate<JavaClass> whose) {
    return noClasses()
        .that(whose)
        .should()
        .accessTargetWhere(
            DescribedPredicate.describe(
                "touches clocks, threads, files, sockets or randomness",
                (JavaAccess<?> access) -> isWorld(access.getTarget())));
  }

  private static boolean isWorld(AccessTarget target) {
    String owner = target.getOwner().getFullName();
    // A thread may be asked who it is; what it may not is to be made, to wait or to be woken.
    boolean harmless = owner.equals("java.lang.Thread") && target.getName().equals("currentThread");
    return !harmless && (WORLD.contains(owner) || WORLD.contains(owner + "." + target.getName()));
  }

  private static boolean mustBeSimulated(JavaClass c) {
    String name = c.getFullName();
    return !name.startsWith("io.quorate.environment.real.")
        && !name.startsWith("io.quorate.environment.simulated.")
        && !name.startsWith("io.quorate.client.")
        && !name.startsWith("io.quorate.tools.")
        && !name.startsWith("io.quorate.node.NodeProcess");
  }
}
