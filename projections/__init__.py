"""What people look at: read models, built from the log and rebuilt from it at will.

=======================  =========================================================================
:mod:`.ports`            what is injected: the log, opened facts, the rules of the clocks
:mod:`.shapes`           tables of a projection, and what they are called in its versions
:mod:`.database`         connections, transactions, election of a runner
:mod:`.store`            which versions exist, how far each has come, which one is read
:mod:`.rows`             rows that a batch touches: read once, changed in memory, written once
:mod:`.projection`       what a projection is
:mod:`.runner`           brings projections up to the head of the log
:mod:`.catalogue`        all projections of this platform
:mod:`.fingerprint`      a hash over all rows: a rebuild must give the same
:mod:`.reports`          reports with who acts next and what is due (:mod:`.report_row`,
                         :mod:`.report_changes`, :mod:`.awaiting`, :mod:`.clocks`, :mod:`.facts`)
:mod:`.clues`            clues
:mod:`.sealed_reports`   sealed reports: that they came and went, nothing else
:mod:`.correspondence`   messages and additions
:mod:`.timeline`         who did what when
:mod:`.public_status`    the few facts that cross to the public site
:mod:`.officers`         officers, their duties and keys
:mod:`.queries`          what the screens ask
=======================  =========================================================================

Nothing outside this package writes a read model, and nothing in it writes anything else. It knows events, not
the rules that made them: rules and keys come in through :mod:`.ports`. ``docs/projections.md`` tells the whole.
"""
