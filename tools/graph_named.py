"""The operations of Microsoft Graph that the specification names (02 sections 1, 2 to 9), section by section.

One line for an address: its methods, then the address; ``beta`` where v1.0 does not have it.
"""

from __future__ import annotations

NAMED = """
# Autopilot devices
GET,POST deviceManagement/windowsAutopilotDeviceIdentities
GET deviceManagement/windowsAutopilotDeviceIdentities/$count
GET,PATCH,DELETE deviceManagement/windowsAutopilotDeviceIdentities/{id}
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/updateDeviceProperties
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/assignUserToDevice
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/unassignUserFromDevice
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/assignResourceAccountToDevice beta
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/unassignResourceAccountFromDevice beta
POST deviceManagement/windowsAutopilotDeviceIdentities/{id}/allowNextEnrollment beta
GET deviceManagement/windowsAutopilotDeviceIdentities/{id}/deploymentProfile beta
GET deviceManagement/windowsAutopilotDeviceIdentities/{id}/intendedDeploymentProfile beta
POST deviceManagement/windowsAutopilotDeviceIdentities/deleteDevices
GET,PATCH deviceManagement/windowsAutopilotSettings beta
POST deviceManagement/windowsAutopilotSettings/sync beta
GET,POST deviceManagement/importedWindowsAutopilotDeviceIdentities
GET deviceManagement/importedWindowsAutopilotDeviceIdentities/$count
GET,PATCH,DELETE deviceManagement/importedWindowsAutopilotDeviceIdentities/{id}
POST deviceManagement/importedWindowsAutopilotDeviceIdentities/import
GET,POST deviceManagement/importedWindowsAutopilotDeviceIdentityUploads
GET,POST deviceManagement/importedDeviceIdentities beta
GET,PATCH,DELETE deviceManagement/importedDeviceIdentities/{id} beta
POST deviceManagement/importedDeviceIdentities/importDeviceIdentityList beta
POST deviceManagement/importedDeviceIdentities/searchExistingIdentities beta
GET deviceManagement/tenantAssociatedDevices beta
GET deviceManagement/virtualEndpoint/cloudPCs

# Autopilot deployment profiles
GET,POST deviceManagement/windowsAutopilotDeploymentProfiles beta
GET,PATCH,DELETE deviceManagement/windowsAutopilotDeploymentProfiles/{id} beta
GET,POST,DELETE deviceManagement/windowsAutopilotDeploymentProfiles/{id}/assignments beta
GET,DELETE deviceManagement/windowsAutopilotDeploymentProfiles/{id}/assignments/{assignment} beta
GET deviceManagement/windowsAutopilotDeploymentProfiles/{id}/assignedDevices beta
POST deviceManagement/windowsAutopilotDeploymentProfiles/{id}/assign beta
POST deviceManagement/windowsAutopilotDeploymentProfiles/hasPayloadLinks beta
GET deviceManagement/autopilotEvents beta
GET deviceManagement/autopilotEvents/{id} beta
GET deviceManagement/autopilotEvents/{id}/policyStatusDetails beta

# Enrollment configurations
GET,POST deviceManagement/deviceEnrollmentConfigurations
GET,PATCH,DELETE deviceManagement/deviceEnrollmentConfigurations/{id}
POST deviceManagement/deviceEnrollmentConfigurations/{id}/assign
GET,POST deviceManagement/deviceEnrollmentConfigurations/{id}/assignments
GET,PATCH,DELETE deviceManagement/deviceEnrollmentConfigurations/{id}/assignments/{assignment}
POST deviceManagement/deviceEnrollmentConfigurations/{id}/setPriority
POST deviceManagement/deviceEnrollmentConfigurations/hasPayloadLinks beta
POST deviceManagement/deviceEnrollmentConfigurations/createEnrollmentNotificationConfiguration beta
GET users/{id}/deviceEnrollmentConfigurations beta

# Tenant policies
GET policies/mobileDeviceManagementPolicies beta
GET,PATCH,DELETE policies/mobileDeviceManagementPolicies/{id} beta
GET policies/mobileDeviceManagementPolicies/{id}/includedGroups beta
POST policies/mobileDeviceManagementPolicies/{id}/includedGroups/$ref beta
DELETE policies/mobileDeviceManagementPolicies/{id}/includedGroups/{group}/$ref beta
GET policies/mobileAppManagementPolicies beta
GET,PUT,PATCH policies/deviceRegistrationPolicy

# Directory: groups
GET,POST groups
GET groups/$count
GET groups/delta
GET,PATCH,DELETE groups/{id}
GET groups/{id}/members
GET groups/{id}/members/$count
POST groups/{id}/members/$ref
DELETE groups/{id}/members/{member}/$ref
GET groups/{id}/transitiveMembers
GET groups/{id}/owners
POST groups/{id}/owners/$ref
DELETE groups/{id}/owners/{owner}/$ref
GET groups/{id}/memberOf
GET groups/{id}/transitiveMemberOf
POST groups/{id}/checkMemberGroups
POST groups/{id}/getMemberGroups
POST groups/{id}/evaluateDynamicMembership beta
POST groups/evaluateDynamicMembership beta
GET directoryObjects/{id}
POST directoryObjects/getByIds
GET groupSettings

# Directory: devices
GET,POST devices
GET devices/delta
GET,PATCH,DELETE devices/{id}
GET devices/{=deviceId}
GET devices/{id}/memberOf
GET devices/{id}/transitiveMemberOf
GET devices/{id}/registeredOwners
POST devices/{id}/registeredOwners/$ref
GET devices/{id}/registeredUsers
POST devices/{id}/registeredUsers/$ref

# Directory: users
GET,POST users
GET users/delta
GET,PATCH,DELETE users/{id}
GET me
GET users/{id}/memberOf
GET users/{id}/transitiveMemberOf
GET users/{id}/ownedDevices
GET users/{id}/registeredDevices
GET users/{id}/managedDevices
GET users/{id}/licenseDetails
GET users/{id}/manager
POST users/{id}/assignLicense
POST users/{id}/revokeSignInSessions
POST users/{id}/checkMemberGroups
POST users/{id}/getMemberGroups
GET users/{id}/mobileAppIntentAndStates/{device} beta

# Directory: tenant
GET organization
GET,PATCH organization/{id}
POST organization/{id}/setMobileDeviceManagementAuthority
GET domains
GET domains/{id}
GET domains/{id}/verificationDnsRecords
POST domains/{id}/verify
GET subscribedSkus
GET directory/deletedItems/microsoft.graph.user
GET,POST applications
GET,PATCH,DELETE applications/{id}
GET,POST servicePrincipals
GET,PATCH,DELETE servicePrincipals/{id}
GET,POST servicePrincipals/{id}/appRoleAssignments
DELETE servicePrincipals/{id}/appRoleAssignments/{assignment}
GET policies/authorizationPolicy
GET policies/authenticationMethodsPolicy
GET policies/authenticationFlowsPolicy
GET policies/identitySecurityDefaultsEnforcementPolicy
GET,POST identity/conditionalAccess/policies

# Managed devices
GET deviceManagement/managedDevices
GET deviceManagement/managedDevices/$count
GET,PATCH,DELETE deviceManagement/managedDevices/{id}
GET deviceManagement/comanagedDevices beta
GET deviceManagement/managedDeviceOverview
POST deviceManagement/managedDevices/{id}/syncDevice
POST deviceManagement/managedDevices/{id}/rebootNow
POST deviceManagement/managedDevices/{id}/shutDown
POST deviceManagement/managedDevices/{id}/remoteLock
POST deviceManagement/managedDevices/{id}/resetPasscode
POST deviceManagement/managedDevices/{id}/locateDevice
POST deviceManagement/managedDevices/{id}/retire
POST deviceManagement/managedDevices/{id}/wipe
POST deviceManagement/managedDevices/{id}/cleanWindowsDevice
POST deviceManagement/managedDevices/{id}/setDeviceName beta
POST deviceManagement/managedDevices/{id}/windowsDefenderScan
POST deviceManagement/managedDevices/{id}/windowsDefenderUpdateSignatures
POST deviceManagement/managedDevices/{id}/rotateBitLockerKeys beta
POST deviceManagement/managedDevices/{id}/rotateLocalAdminPassword beta
POST deviceManagement/managedDevices/{id}/createDeviceLogCollectionRequest
POST deviceManagement/managedDevices/{id}/updateWindowsDeviceAccount
POST deviceManagement/managedDevices/{id}/initiateOnDemandProactiveRemediation beta
POST deviceManagement/managedDevices/{id}/pauseConfigurationRefresh beta
POST deviceManagement/managedDevices/{id}/overrideComplianceState beta
POST deviceManagement/managedDevices/{id}/sendCustomNotificationToCompanyPortal beta
POST deviceManagement/managedDevices/executeAction beta
GET deviceManagement/managedDevices/{id}/users
POST,DELETE deviceManagement/managedDevices/{id}/users/$ref beta
GET deviceManagement/managedDevices/{id}/deviceCategory
PUT deviceManagement/managedDevices/{id}/deviceCategory/$ref
GET deviceManagement/managedDevices/{id}/deviceConfigurationStates
GET deviceManagement/managedDevices/{id}/deviceCompliancePolicyStates
GET deviceManagement/managedDevices/{id}/detectedApps beta
GET deviceManagement/managedDevices/{id}/logCollectionRequests
POST deviceManagement/managedDevices/{id}/logCollectionRequests/{request}/createDownloadUrl
GET deviceManagement/managedDevices/{id}/windowsProtectionState
GET deviceManagement/managedDevices/{id}/deviceHealthScriptStates beta
GET deviceLocalCredentials/{id}
GET informationProtection/bitlocker/recoveryKeys
GET informationProtection/bitlocker/recoveryKeys/{id}

# Apps
GET,POST deviceAppManagement/mobileApps
GET deviceAppManagement/mobileApps/$count
GET,PATCH,DELETE deviceAppManagement/mobileApps/{id}
POST deviceAppManagement/mobileApps/{id}/assign
GET,POST deviceAppManagement/mobileApps/{id}/assignments
GET,PATCH,DELETE deviceAppManagement/mobileApps/{id}/assignments/{assignment}
GET deviceAppManagement/mobileApps/{id}/categories
POST deviceAppManagement/mobileApps/{id}/categories/$ref
DELETE deviceAppManagement/mobileApps/{id}/categories/{category}/$ref
GET deviceAppManagement/mobileApps/{id}/relationships beta
POST deviceAppManagement/mobileApps/{id}/updateRelationships beta
GET,POST deviceAppManagement/mobileAppCategories
GET,PATCH,DELETE deviceAppManagement/mobileAppCategories/{id}
GET deviceAppManagement/mobileApps/{id}/deviceStatuses beta
GET deviceAppManagement/mobileApps/{id}/userStatuses beta
GET deviceAppManagement/mobileApps/{id}/installSummary beta
GET,POST deviceAppManagement/mobileApps/{id}/contentVersions
GET,POST deviceAppManagement/mobileApps/{id}/contentVersions/{version}/files
GET deviceAppManagement/mobileApps/{id}/contentVersions/{version}/files/{file}
POST deviceAppManagement/mobileApps/{id}/contentVersions/{version}/files/{file}/renewUpload
POST deviceAppManagement/mobileApps/{id}/contentVersions/{version}/files/{file}/commit
GET deviceAppManagement/policySets beta
GET,POST deviceAppManagement/mobileAppConfigurations
GET deviceAppManagement/managedAppPolicies
GET deviceAppManagement/vppTokens
GET deviceManagement/getRoleScopeTagsByResource(resource='MobileApps') beta

# Device configurations
GET,POST deviceManagement/deviceConfigurations
GET,PATCH,DELETE deviceManagement/deviceConfigurations/{id}
POST deviceManagement/deviceConfigurations/{id}/assign
GET,POST deviceManagement/deviceConfigurations/{id}/assignments
GET deviceManagement/deviceConfigurations/{id}/deviceStatuses
GET deviceManagement/deviceConfigurations/{id}/userStatuses
GET deviceManagement/deviceConfigurations/{id}/deviceStatusOverview
GET deviceManagement/deviceConfigurations/{id}/deviceSettingStateSummaries
GET deviceManagement/deviceConfigurations/{id}/getOmaSettingPlainTextValue(secretReferenceValueId='x')

# Settings catalogue
GET,POST deviceManagement/configurationPolicies beta
GET,PUT,PATCH,DELETE deviceManagement/configurationPolicies/{id} beta
GET deviceManagement/configurationPolicies/{id}/settings beta
POST deviceManagement/configurationPolicies/{id}/assign beta
GET deviceManagement/configurationPolicies/{id}/assignments beta
POST deviceManagement/configurationPolicies/{id}/createCopy beta
POST deviceManagement/configurationPolicies/{id}/reorder beta
POST deviceManagement/configurationPolicies/{id}/setEnrollmentTimeDeviceMembershipTarget beta
POST deviceManagement/configurationPolicies/{id}/retrieveEnrollmentTimeDeviceMembershipTarget beta
POST deviceManagement/configurationPolicies/{id}/clearEnrollmentTimeDeviceMembershipTarget beta
GET deviceManagement/configurationSettings beta
GET deviceManagement/configurationSettings/{id} beta
GET deviceManagement/configurationCategories beta
GET deviceManagement/configurationPolicyTemplates beta
GET,POST deviceManagement/reusablePolicySettings beta

# Compliance
GET,POST deviceManagement/deviceCompliancePolicies
GET,PATCH,DELETE deviceManagement/deviceCompliancePolicies/{id}
POST deviceManagement/deviceCompliancePolicies/{id}/scheduleActionsForRules
POST deviceManagement/deviceCompliancePolicies/{id}/assign
GET deviceManagement/deviceCompliancePolicies/{id}/assignments
GET deviceManagement/deviceCompliancePolicies/{id}/deviceStatuses
GET deviceManagement/deviceCompliancePolicies/{id}/userStatuses
GET deviceManagement/deviceCompliancePolicies/{id}/deviceStatusOverview
GET,POST deviceManagement/compliancePolicies beta
GET,PUT,DELETE deviceManagement/compliancePolicies/{id} beta
POST deviceManagement/compliancePolicies/{id}/assign beta
POST deviceManagement/compliancePolicies/{id}/setScheduledActions beta

# Scripts, filters, tags, audit
GET,POST deviceManagement/deviceManagementScripts beta
GET,PATCH,DELETE deviceManagement/deviceManagementScripts/{id} beta
POST deviceManagement/deviceManagementScripts/{id}/assign beta
GET deviceManagement/deviceManagementScripts/{id}/assignments beta
GET deviceManagement/deviceManagementScripts/{id}/groupAssignments beta
GET deviceManagement/deviceManagementScripts/{id}/runSummary beta
GET deviceManagement/deviceManagementScripts/{id}/deviceRunStates beta
GET deviceManagement/deviceManagementScripts/{id}/userRunStates beta
GET,POST deviceManagement/deviceHealthScripts beta
GET,PATCH,DELETE deviceManagement/deviceHealthScripts/{id} beta
POST deviceManagement/deviceHealthScripts/{id}/assign beta
GET,POST deviceManagement/assignmentFilters beta
GET,PATCH,DELETE deviceManagement/assignmentFilters/{id} beta
GET,POST deviceManagement/roleScopeTags beta
GET,PATCH,DELETE deviceManagement/roleScopeTags/{id} beta
POST deviceManagement/roleScopeTags/{id}/assign beta
GET,POST deviceManagement/roleDefinitions
GET,PATCH,DELETE deviceManagement/roleDefinitions/{id}
GET deviceManagement/auditEvents
GET deviceManagement/auditEvents/{id}
GET,PATCH deviceManagement

# Collections that backup tools list
GET deviceManagement/depOnboardingSettings beta
GET deviceManagement/complianceManagementPartners
GET,POST deviceManagement/deviceComplianceScripts beta
GET,POST deviceManagement/deviceCustomAttributeShellScripts beta
GET,POST deviceManagement/deviceShellScripts beta
GET,POST deviceManagement/deviceCategories
GET,POST deviceManagement/groupPolicyConfigurations beta
POST deviceManagement/groupPolicyConfigurations/{id}/updateDefinitionValues beta
GET,POST deviceManagement/intents beta
GET deviceManagement/templates beta
GET deviceManagement/deviceManagementPartners
GET,POST deviceManagement/notificationMessageTemplates
GET deviceManagement/remoteAssistancePartners
GET,POST deviceManagement/windowsDriverUpdateProfiles beta
GET,POST deviceManagement/windowsFeatureUpdateProfiles beta
GET,POST deviceManagement/windowsQualityUpdateProfiles beta
GET deviceManagement/settings
GET deviceManagement/applePushNotificationCertificate
GET deviceManagement/androidManagedStoreAccountEnterpriseSettings beta
"""
