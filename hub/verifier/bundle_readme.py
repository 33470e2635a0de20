"""What stands in a bundle for whoever opens it without knowing what it is."""

README_TEXT = """枫桥中枢 案件证据包 / Fengqiao Hub evidence bundle

先看 page.html（浏览器离线打开）。核验：fengqiao-verify 本文件.zip --checkpoint-key 中枢公钥 --witness-key 单位=公钥
Read page.html first (any browser, offline). Check: fengqiao-verify THIS.zip --checkpoint-key KEY --witness-key NAME=KEY

manifest.json     清单：案件、用途、制作人、每个文件的 SHA-256 / what is in here, for whom and why, SHA-256 of each file
statement.note    中枢对清单的签名声明 / the hub's signed statement over the manifest (c2sp.org/signed-note)
entries/          流水原文，逐字 / the entries of the journal, to the byte
proofs/           每条流水的 Merkle 证明 / the proof of each entry (c2sp.org/tlog-proof)
checkpoints/      检查点及联署 / checkpoints with signatures of hub and witnesses (c2sp.org/tlog-checkpoint)
consistency/      后一检查点延续前一检查点的证明 / proofs that the last checkpoint continues each earlier one
messages/         报文数据，与签名时逐字相同 / data of messages, to the byte as they were signed
keys.json         公钥及有效期 / public keys and their validity
deadlines.json    时限推导 / derivations of time limits
rules/ clocks/ calendar/   规则、时限、日历文本，文件名即摘要 / texts of rules, clocks and calendar, named by their digest
sources/          规则源文件 / the files that the rules were read from
words.json        代码的名称 / names of codes
"""
