"""Nodes that the tests of this room set."""

CORTANA = "./Device/Vendor/MSFT/Policy/Config/Experience/AllowCortana"
TELEMETRY = "./Device/Vendor/MSFT/Policy/Config/System/AllowTelemetry"
USER_NODE = "./User/Vendor/MSFT/Policy/Config/Education/DefaultPrinterName"

PAGE = "Vendor/MSFT/DMClient/Provider/taxiway/FirstSyncStatus"
MSI = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B11111111-2222-3333-4444-555555555555%7D"
