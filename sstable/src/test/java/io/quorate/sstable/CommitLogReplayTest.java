package io.quorate.sstable;

import static org.assertj.core.api.Assertions.assertThat;

import io.quorate.environment.Environment;
import io.quorate.environment.Shards;
import io.quorate.environment.simulated.SimulatedWorld;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Several threads go through a segment at once, and damage is looked at afterwards. If this breaks,
 * a start loses records beside a bad sector, applies what is damaged, or reports it twice or never.
 */
class CommitLogReplayTest {
  private static final Path LOG = Path.of("/log");
  private static final Path QUARANTINE = Path.of("/quarantine");
  private static final int SEGMENT_BYTES = 22 << 20;
  private static final int RECORDS_END = 20 << 20;

  /** What stands in a segment, record by record. */
  private static final class Written {
    private final byte[] bytes = new byte[SEGMENT_BYTES];
    private final List<Integer> starts = new ArrayList<>();
    private final Set<Integer> unreadable = new HashSet<>();
    private int end;

    Written(long id, long previousId, int previousEnd) {
      byte[] header = CommitLogFormat.header(id);
      System.arraycopy(header, 0, bytes, 0, header.length);
      end = header.length;
      add(id, CommitLogFormat.BEGIN, CommitLogFormat.begin(previousId, previousEnd));
      starts.clear();
    }

    void add(long id, int length, byte[] payload) {
      ByteWriter out = new ByteWriter(CommitLogFormat.RECORD_HEAD_BYTES + payload.length);
      out.putInt(length);
      out.putInt(CommitLogFormat.headCrc(id, end, length));
      out.putInt(CommitLogFormat.crc(payload, 0, payload.length));
      out.put(payload);
      byte[] record = out.toBytes();
      System.arraycopy(record, 0, bytes, end, record.length);
      starts.add(end);
      end += record.length;
    }

    int startOf(int record) {
      return record < starts.size() ? starts.get(record) : end;
    }
  }

  private final Random random = new Random(0);
  private final List<String> reported = new ArrayList<>();
  private final List<String> expected = new ArrayList<>();
  private final List<Integer> delivered = new ArrayList<>();
  private final List<Integer> whole = new ArrayList<>();

  static List<Integer> seeds() {
    return List.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
  }

  @ParameterizedTest
  @MethodSource("seeds")
  void whatIsWholeIsDeliveredOnceAndWhatIsDamagedPutAsideOnce(int seed) throws IOException {
    random.setSeed(seed);
    Environment environment = new SimulatedWorld(seed).addHost("node", 1).boot();
    environment.files().createDirectories(LOG);
    environment.files().createDirectories(QUARANTINE);
    Written first = write(1, 0, 0, 0);
    Written second = write(2, 1, first.end, 1_000);
    damage(first, 1, 0, false);
    damage(second, 2, 1_000, true);
    for (int id = 1; id <= 2; id++) {
      Path path = LOG.resolve(CommitLogFormat.fileName(id));
      environment.files().replace(path, (id == 1 ? first : second).bytes);
    }
    CommitLogReplay replay = new CommitLogReplay(environment, LOG, QUARANTINE, new Reported());
    replay.begin();
    List<CommitLogReplay.Sink> sinks = sinks(1 + random.nextInt(3));
    while (replay.next()) {
      Collections.shuffle(sinks, random);
      sinks.forEach(replay::deliver);
      replay.readAhead();
      replay.settle();
    }
    Collections.sort(delivered);
    assertThat(delivered).isEqualTo(whole);
    assertThat(reported).containsExactlyInAnyOrderElementsOf(expected);
    assertThat(replay.recordCount()).isEqualTo(whole.size());
    assertThat(replay.setAsideCount()).isEqualTo(expected.size());
  }

  private Written write(long id, long previousId, int previousEnd, int firstNumber) {
    Written segment = new Written(id, previousId, previousEnd);
    for (int number = firstNumber; segment.end < RECORDS_END; number++) {
      byte[] value = new byte[50_000 + random.nextInt(100_000)];
      random.nextBytes(value);
      Mutation mutation =
          Mutation.of(
              new FragmentWriter()
                  .begin(new UUID(7, 7), random.nextLong(), new byte[] {1})
                  .beginRow(RandomFragments.rowKey(1))
                  .rowLiveness(1)
                  .cell(1, null, 1, value)
                  .endRow()
                  .finish());
      ByteWriter payload = new ByteWriter(4 + mutation.sizeBytes());
      payload.putInt(number);
      payload.put(mutation.bytes());
      byte[] bytes = payload.toBytes();
      if (random.nextInt(40) == 0) {
        Arrays.fill(bytes, 30, 60, (byte) 0x55); // written like this: its checksum holds
        segment.unreadable.add(segment.starts.size());
      }
      segment.add(id, bytes.length, bytes);
    }
    return segment;
  }

  /** Flips bytes, and notes what a replay is to make of it. */
  private void damage(Written segment, int id, int firstNumber, boolean isLast) {
    int count = segment.starts.size();
    TreeSet<Integer> damaged = new TreeSet<>();
    for (int i = random.nextInt(8); i > 0; i--) {
      int record = random.nextInt(count);
      damaged.addAll(List.of(record, Math.min(count - 1, record + random.nextInt(3))));
    }
    if (random.nextBoolean()) {
      // On both sides of where a stretch ends, whatever belongs to whom.
      int at = 0;
      while (segment.startOf(at) < CommitLogFormat.HEADER_BYTES + (8 << 20)) {
        at++;
      }
      damaged.addAll(List.of(at - 2, at - 1, at, at + 1));
    }
    if (random.nextBoolean()) {
      damaged.addAll(List.of(count - 1, count - 2)); // in the last segment: a torn write
    }
    for (int record : damaged) {
      int start = segment.startOf(record);
      int where =
          switch (random.nextInt(3)) {
            case 0 -> random.nextInt(CommitLogFormat.RECORD_HEAD_BYTES);
            case 1 -> CommitLogFormat.RECORD_HEAD_BYTES + 4 + Mutation.TOKEN_OFFSET;
            default -> 100 + random.nextInt(10_000);
          };
      segment.bytes[start + where] ^= (byte) (1 << random.nextInt(8));
    }
    for (int record = 0; record < count; record++) {
      if (damaged.contains(record)) {
        int from = record;
        while (damaged.contains(record + 1)) {
          record++;
        }
        if (record + 1 < count || !isLast) {
          expected.add(
              id + " damaged " + segment.startOf(from) + "-" + segment.startOf(record + 1));
        }
      } else if (segment.unreadable.contains(record)) {
        expected.add(id + " unreadable " + segment.startOf(record));
      } else {
        whole.add(firstNumber + record);
      }
    }
  }

  private List<CommitLogReplay.Sink> sinks(int count) {
    List<CommitLogReplay.Sink> sinks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int index = i;
      sinks.add(
          new CommitLogReplay.Sink() {
            @Override
            public boolean isFor(long token) {
              return Shards.ownerIndex(token, count) == index;
            }

            @Override
            public void replayed(long segmentId, int number, Mutation mutation) {
              assertThat(segmentId).isEqualTo(number < 1_000 ? 1 : 2);
              assertThat(isFor(mutation.token())).isTrue();
              delivered.add(number);
            }
          });
    }
    return sinks;
  }

  /** As the test writes it. */
  private final class Reported implements StorageEvents {
    private String id(Path segment) {
      return segment.endsWith(CommitLogFormat.fileName(1)) ? "1" : "2";
    }

    @Override
    public void commitLogDamaged(Path segment, long position, long length, Path setAside) {
      reported.add(id(segment) + " damaged " + position + "-" + (position + length));
    }

    @Override
    public void commitLogRecordUnreadable(
        Path segment, long position, String reason, Path setAside) {
      reported.add(id(segment) + " unreadable " + position);
    }
  }
}
