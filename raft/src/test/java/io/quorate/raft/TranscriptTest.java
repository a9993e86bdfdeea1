package io.quorate.raft;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.raft.TestRing.Flaw;
import io.quorate.raft.TestRing.InFlight;
import io.quorate.raft.TestRing.Member;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;

/**
 * If this fails, the protocol takes other steps than the ones a reviewer has read.
 *
 * <p>Each file under {@code transcripts} is a conversation: lines with {@code >} are done, and what
 * follows is what happened. After a change that is meant, {@code -Dtranscripts.rewrite=true} writes
 * the files anew, and the difference is for review.
 */
class TranscriptTest {
  private static final Path DIRECTORY = Path.of("src/test/resources/transcripts");

  @TestFactory
  Stream<DynamicTest> everyTranscriptHappensAsWritten() throws IOException {
    List<Path> files;
    try (Stream<Path> listed = Files.list(DIRECTORY)) {
      files = listed.sorted().toList();
    }
    assertThat(files).isNotEmpty();
    return files.stream()
        .map(file -> DynamicTest.dynamicTest(file.getFileName().toString(), () -> play(file)));
  }

  private static void play(Path file) throws IOException {
    String written = Files.readString(file);
    StringBuilder happened = new StringBuilder();
    Stage stage = new Stage(happened);
    for (String line : written.lines().toList()) {
      if (line.startsWith("#")) {
        happened.append(line).append('\n');
      } else if (line.startsWith("> ")) {
        happened.append(line).append('\n');
        stage.command(List.of(line.substring(2).split(" ")));
      }
    }
    if (Boolean.getBoolean("transcripts.rewrite")) {
      Files.writeString(file, happened);
    } else {
      assertThat(happened.toString()).isEqualTo(written);
    }
  }

  /** A ring and the words that move it. */
  private static final class Stage {
    private final StringBuilder out;
    private final Map<PeerId, String> shown = new TreeMap<>();
    private final Map<PeerId, Configuration> shownVoters = new TreeMap<>();
    private @Nullable TestRing ring;
    private boolean isTraced;

    Stage(StringBuilder out) {
      this.out = out;
    }

    void command(List<String> words) {
      String name = words.getFirst();
      if (name.equals("ring")) {
        int appendBytes = words.size() > 3 ? Integer.parseInt(words.get(3)) : 1 << 10;
        int learners = words.size() > 2 ? Integer.parseInt(words.get(2)) : 0;
        ring =
            new TestRing(
                Integer.parseInt(words.get(1)),
                learners,
                new SplittableRandom(1),
                Flaw.NONE,
                config -> config.withMessages(4, appendBytes, 16).withSnapshots(1 << 20, 0),
                (member, entry) -> {});
        for (Member member : ring().members()) {
          shownVoters.put(member.id, member.core().configuration());
        }
        return;
      }
      switch (name) {
        case "deliver" -> deliver(words.size() > 1 ? Integer.parseInt(words.get(1)) : 1 << 20);
        case "settle" -> {
          isTraced = false;
          ring().settle();
        }
        case "drop" -> {
          ring().network.forEach(message -> say("  lost " + describe(message)));
          ring().network.clear();
        }
        case "heal" -> ring().cuts.clear();
        default -> at(member(words.get(1)), name, words);
      }
      showChanges();
    }

    private void at(Member member, String name, List<String> words) {
      switch (name) {
        case "tick" -> {
          for (int i = 0; i < Integer.parseInt(words.get(2)); i++) {
            member.core().tick();
            member.collect();
          }
        }
        case "cut" -> {
          for (Member other : ring().members()) {
            ring().cuts.add(member.id + ">" + other.id);
            ring().cuts.add(other.id + ">" + member.id);
          }
        }
        case "propose" ->
            say("  " + member.core().propose(words.get(2).getBytes(StandardCharsets.UTF_8)));
        case "read" -> {
          boolean isAsked = member.core().readIndex(Long.parseLong(words.get(2)));
          say(isAsked ? "  asked" : "  refused");
          member.collect();
        }
        case "voters" -> {
          List<PeerId> next = words.subList(2, words.size()).stream().map(PeerId::new).toList();
          ConfigurationOutcome.Reason refused = member.core().changeVoters(next);
          say("  " + (refused == null ? "begun" : refused));
        }
        case "transfer" ->
            say(
                member.core().transferLeadership(member(words.get(2)).id)
                    ? "  begun"
                    : "  refused");
        case "holds" -> {
          List<Long> terms = words.subList(2, words.size()).stream().map(Long::parseLong).toList();
          member.crash();
          member.diskEntries = new ArrayList<>();
          for (long term : terms) {
            member.diskEntries.add(
                new Entry(term, member.diskEntries.size() + 1L, new byte[] {97}));
          }
          member.diskState = new HardState(terms.isEmpty() ? 0 : terms.getLast(), null, 0);
          member.start();
        }
        case "crash" -> member.crash();
        case "restart" -> member.start();
        case "compact" -> member.compact();
        case "log" -> say("  " + log(member.core()));
        default -> throw new IllegalArgumentException("no command " + name);
      }
    }

    /** Delivers message after message, in order; disks write whenever they are asked to. */
    private void deliver(int limit) {
      isTraced = true;
      int left = limit;
      boolean isBusy = true;
      while (isBusy && left > 0) {
        isBusy = false;
        for (Member member : ring().members()) {
          if (member.isUp()) {
            member.collect();
            isBusy |= member.writing != null;
            showWrite(member);
            member.persist();
          }
        }
        showChanges();
        while (!ring().network.isEmpty() && left > 0) {
          isBusy = true;
          left--;
          InFlight message = ring().network.removeFirst();
          boolean arrives = ring().deliver(message);
          say("  " + (arrives ? "" : "lost ") + describe(message));
          showChanges();
        }
      }
    }

    private void showWrite(Member member) {
      Ready ready = member.writing;
      if (ready == null) {
        return;
      }
      List<String> parts = new ArrayList<>();
      if (ready.snapshot() != null) {
        parts.add(ready.snapshot().toString());
      }
      HardState state = ready.hardState();
      if (state != null) {
        parts.add("term " + state.term() + " vote " + state.vote() + " commit " + state.commit());
      }
      ready.entries().forEach(entry -> parts.add(describe(entry)));
      say("  " + member.id + " writes " + String.join(", ", parts));
    }

    private void showChanges() {
      for (Member member : ring().members()) {
        String now = describe(member);
        if (!now.equals(shown.put(member.id, now))) {
          say((isTraced ? "    " : "  ") + now);
        }
        if (member.isUp()) {
          Configuration voters = member.core().configuration();
          if (!voters.equals(shownVoters.put(member.id, voters))) {
            say((isTraced ? "    " : "  ") + member.id + " voters " + voters);
          }
        }
        for (RaftCore.ReadState read : member.reads) {
          say("    " + member.id + " may serve read " + read.context() + " at " + read.index());
        }
        member.reads.clear();
      }
    }

    private static String describe(Member member) {
      if (!member.isUp()) {
        return member.id + " is down";
      }
      RaftCore core = member.core();
      return member.id
          + " "
          + core.role()
          + " term "
          + core.term()
          + " leader "
          + core.leader()
          + " last "
          + core.lastIndex()
          + " commit "
          + core.commitIndex()
          + " applied "
          + core.appliedIndex();
    }

    private static String describe(InFlight inFlight) {
      String message =
          switch (inFlight.message()) {
            case Message.SnapshotChunk m ->
                "SnapshotChunk[term="
                    + m.term()
                    + ", snapshotIndex="
                    + m.snapshotIndex()
                    + (m.configuration().isJoint() ? ", voters=" + m.configuration() : "")
                    + ", offset="
                    + m.offset()
                    + ", "
                    + m.bytes().length
                    + " of "
                    + m.totalBytes()
                    + " bytes]";
            case Message.AppendRequest m ->
                "AppendRequest[term="
                    + m.term()
                    + ", prev="
                    + m.prevIndex()
                    + "/t"
                    + m.prevTerm()
                    + ", commit="
                    + m.commit()
                    + ", entries="
                    + m.entries().stream().map(Stage::describe).toList()
                    + "]";
            default -> inFlight.message().toString();
          };
      return inFlight.from() + " -> " + inFlight.to() + " " + message;
    }

    private static String describe(Entry entry) {
      String command = new String(entry.command(), StandardCharsets.UTF_8);
      return entry.kind() == Entry.Kind.CONFIGURATION || entry.isNoOp()
          ? entry.toString()
          : entry.index() + "/t" + entry.term() + " " + command;
    }

    private static String log(RaftCore core) {
      List<String> parts = new ArrayList<>();
      if (!core.snapshot().isEmpty()) {
        parts.add(core.snapshot().toString());
      }
      for (long index = core.firstIndex(); index <= core.lastIndex(); index++) {
        parts.add(describe(core.entryAt(index)));
      }
      return String.join(", ", parts);
    }

    private void say(String line) {
      out.append(line).append('\n');
    }

    private TestRing ring() {
      if (ring == null) {
        throw new IllegalStateException("a transcript begins with a ring");
      }
      return ring;
    }

    private Member member(String name) {
      return ring().member(new PeerId(name));
    }
  }
}
