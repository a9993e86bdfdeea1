package io.quorate.sstable;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The SSTables of a table at one moment. Immutable; a change publishes a new one.
 *
 * @param tables open, newest last
 * @param quarantined put aside: a read that may need them fails
 */
record Version(List<SSTable> tables, List<TableManifest.Listed> quarantined) {
  static final Version EMPTY = new Version(List.of(), List.of());

  Version {
    tables = List.copyOf(tables);
    quarantined = List.copyOf(quarantined);
  }

  Version with(List<SSTable> removed, List<SSTable> added) {
    List<SSTable> next = new ArrayList<>(tables);
    next.removeAll(removed);
    next.addAll(added);
    return new Version(next, quarantined);
  }

  Version quarantining(SSTable table) {
    List<SSTable> left = new ArrayList<>(tables);
    left.remove(table);
    List<TableManifest.Listed> aside = new ArrayList<>(quarantined);
    aside.add(listed(table, true));
    return new Version(left, aside);
  }

  /** With what was read of a damaged SSTable, which may be listed in either way, in its place. */
  Version salvaging(long number, List<SSTable> added, List<TableManifest.Listed> lost) {
    List<SSTable> next = new ArrayList<>(tables);
    next.removeIf(table -> table.number() == number);
    next.addAll(added);
    List<TableManifest.Listed> aside = new ArrayList<>(quarantined);
    aside.removeIf(listed -> listed.number() == number);
    aside.addAll(lost);
    return new Version(next, aside);
  }

  boolean isDamagedAt(long token) {
    return damagedBetween(token, token) != null;
  }

  /** One that was put aside and may hold some of these tokens, or null. */
  TableManifest.@Nullable Listed damagedBetween(long minToken, long maxToken) {
    for (int i = 0; i < quarantined.size(); i++) {
      TableManifest.Listed aside = quarantined.get(i);
      if (aside.minToken() <= maxToken && aside.maxToken() >= minToken) {
        return aside;
      }
    }
    return null;
  }

  List<TableManifest.Listed> listed() {
    List<TableManifest.Listed> all = new ArrayList<>();
    tables.forEach(table -> all.add(listed(table, false)));
    all.addAll(quarantined);
    return all;
  }

  private static TableManifest.Listed listed(SSTable table, boolean aside) {
    SSTableStatistics statistics = table.statistics();
    return new TableManifest.Listed(
        table.number(), statistics.minToken(), statistics.maxToken(), table.level(), aside);
  }
}
