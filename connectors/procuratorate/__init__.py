"""The procuratorate 检察院: its exchange tables 前置库 mapped to the contract."""
