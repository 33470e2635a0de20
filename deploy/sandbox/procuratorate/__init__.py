"""The procuratorate's case system 检察业务应用系统: its outside is a database of exchange tables 前置库."""
