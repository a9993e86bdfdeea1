package io.quorate.sstable;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Keeps what the engine reports. */
final class CountedEvents implements StorageEvents {
  final List<String> quarantined = new ArrayList<>();
  final List<String> damaged = new ArrayList<>();
  final List<String> unreadable = new ArrayList<>();
  final List<String> replayed = new ArrayList<>();
  final List<String> poisoned = new ArrayList<>();
  final List<String> refused = new ArrayList<>();
  int accepted;
  final List<String> missing = new ArrayList<>();
  final List<String> failed = new ArrayList<>();
  final List<String> postponed = new ArrayList<>();
  final List<String> compacted = new ArrayList<>();
  final List<StorageTask> begun = new ArrayList<>();

  @Override
  public void tableQuarantined(Path file, String reason) {
    quarantined.add(file + ": " + reason);
  }

  @Override
  public void commitLogDamaged(Path segment, long position, long length, Path setAside) {
    damaged.add(segment + " at " + position + ": " + length);
  }

  @Override
  public void commitLogSegmentMissing(Path segment, Path successor) {
    missing.add(segment + " before " + successor);
  }

  @Override
  public void commitLogRecordUnreadable(Path segment, long position, String reason, Path setAside) {
    unreadable.add(segment + " at " + position + ": " + reason);
  }

  @Override
  public void commitLogReplayed(long bytes, long ofBytes, long records) {
    replayed.add(bytes + " of " + ofBytes + ": " + records);
  }

  @Override
  public void commitLogPoisoned(String reason) {
    poisoned.add(reason);
  }

  @Override
  public void writesRefused(String reason) {
    refused.add(reason);
  }

  @Override
  public void writesAccepted() {
    accepted++;
  }

  @Override
  public void taskBegan(StorageTask task) {
    begun.add(task);
  }

  @Override
  public void compactionPostponed(Path table, long neededBytes, long usableBytes) {
    postponed.add(table + " needs " + neededBytes + " of " + usableBytes);
  }

  @Override
  public void compactionEnded(Path table, String account) {
    compacted.add(account);
  }

  @Override
  public void archiveFailed(Path segment, Exception failure) {
    failed.add("archiving " + segment + ": " + failure);
  }

  @Override
  public void backgroundWorkFailed(String what, Exception failure) {
    failed.add(what + ": " + failure);
  }
}
